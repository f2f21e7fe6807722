"""One diagnosis of one picture explained by several methods, each with what speaks for and against believing it (SPEC A8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn

from analysis.vision import classify
from analysis.vision.explain import frame, rise, trust
from analysis.vision.explain.backprop import guided_backprop, visual_backprop
from analysis.vision.explain.grad_cam import grad_cam, grad_cams
from analysis.vision.explain.trust import Agreement, Faithfulness, Figures, Shares
from analysis.vision.networks.backbones import Head
from analysis.vision.networks.joined import SideBySide
from analysis.vision.occlusion import Occlusions
from analysis.vision.types import CLASSES, Mask, SignedMap
from analysis.vision.weights import Model

if TYPE_CHECKING:
    from analysis.vision.networks.backbones import Backbone

METHODS = ("grad_cam", "grad_cam_fine", "rise", "guided_backprop", "visual_backprop")
"""In the order of an account."""
STOP_AT = 0.9
"""RISE ends when its map of the diagnosis is so reliable: with as many other masks four fifths of its variance would come back."""
SHARE_OF_RISE = 0.5
"""Of the whole time; the curves of the methods take the rest."""

OnProgress = Callable[[str, float], None]
"""Told what is being done, a method's name, and the share of everything that is done, [0, 1]. May raise to cancel."""


@dataclass(frozen=True)
class Question:
    """What is to be explained, and how RISE covers the picture (`rise.Masks`)."""

    label: str
    """One of CLASSES."""
    masks: int = 1000
    """At most; fewer when the map has converged before."""
    cells: int = 8
    p: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.label not in CLASSES:
            raise ValueError(f"{self.label!r} is none of {', '.join(CLASSES)}")


@dataclass(frozen=True)
class Explained:
    """What one method found."""

    method: str
    """One of METHODS."""
    signed: SignedMap
    """H×W, at the size of the scene, in the method's own unit, never rescaled: logits (density) for Grad-CAM, probability for RISE,
    logits per unit of grey for guided backpropagation, multiples of the mean for VisualBackProp."""
    shares: Shares
    faithfulness: Faithfulness
    agreement: Agreement
    compared_with: str
    """The method that `agreement` is with: RISE, which looks into no network, or Grad-CAM for RISE itself."""
    reliability: float | None
    """Of RISE's map (`rise.Explanation.reliability`); None for the others, which know no chance."""
    doubts: tuple[str, ...]
    """Why it may not be read as where the evidence lies; empty when nothing speaks against it."""


@dataclass(frozen=True)
class Account:
    """All methods' answers to one question."""

    question: Question
    probability: float
    """Of the diagnosis, calibrated, [0, 1]."""
    masks_used: int
    explained: tuple[Explained, ...]
    """In the order of METHODS."""


@dataclass(frozen=True)
class Scene:
    """The picture, H×W, that explanations are laid over. It may be smaller than the one that `x` was made of."""

    lesion: Mask
    hidden: Occlusions


def give(x: Tensor, scene: Scene, model: Model, question: Question, on_progress: OnProgress) -> Account:
    """All METHODS on the classifier's 1×3×s×s input `x`. The same question gives the same account."""
    column = CLASSES.index(question.label)
    on_progress("rise", 0.0)
    by_rise = _rise(x, model, question, on_progress)
    reliability = float(by_rise.reliability[0])
    low = _by_gradients(x, model, column) | {"rise": by_rise.signed[0]}
    maps = {method: _enlarged(low[method], x.shape[-1]) for method in METHODS}
    explained = []
    for index, method in enumerate(METHODS):
        on_progress(method, SHARE_OF_RISE + (1 - SHARE_OF_RISE) * index / len(METHODS))
        other = "grad_cam" if method == "rise" else "rise"
        signed = _over(low[method], scene)
        shares = trust.shares(signed, scene.lesion, hair=scene.hidden.hair, ruler=scene.hidden.ruler)
        faithfulness = trust.faithfulness(maps[method], x, partial(classify.probabilities, model=model), column)
        agreement = trust.agreement(maps[method], maps[other])
        own = reliability if method == "rise" else None
        # That a map disagrees with noise says nothing against it.
        tells = agreement if method == "rise" or reliability >= trust.MIN_RELIABILITY else None
        doubts = trust.judge(Figures(shares, faithfulness, tells, own)).reasons
        explained.append(Explained(method, signed, shares, faithfulness, agreement, other, own, doubts))
    probability = float(classify.probabilities(x, model)[0, column])
    return Account(question, probability, by_rise.masks, tuple(explained))


def _rise(x: Tensor, model: Model, question: Question, on_progress: OnProgress) -> rise.Explanation:
    """Of the asked diagnosis alone, so that it ends when that map has converged."""
    column = CLASSES.index(question.label)
    masks = rise.Masks(x.shape[-2], x.shape[-1], cells=question.cells, p=question.p, seed=question.seed)
    return rise.rise(
        x,
        lambda covered: classify.probabilities(covered, model)[:, [column]],
        masks,
        question.masks,
        stop_at=STOP_AT,
        on_progress=lambda done, total: on_progress("rise", SHARE_OF_RISE * done / total),
    )


def _by_gradients(x: Tensor, model: Model, column: int) -> dict[str, SignedMap]:
    """Raw maps at the layers' own resolution. Densities, so that the mean of a Grad-CAM map does not depend on its number of cells."""

    def logit(logits: Tensor) -> Tensor:
        return logits[0, column]

    network, features = model.network, model.network.get_submodule("features")
    head = Head(cast("Backbone", network))
    last = grad_cam(head, head.maps, model.maps(x), logit)
    x = x.to(next(network.parameters()).device)
    fine = np.sum(grad_cams(network, _finer_layers(features, x), x, logit), axis=0)
    return {
        "grad_cam": last * last.size,
        "grad_cam_fine": fine * fine.size,
        "guided_backprop": guided_backprop(network, x, logit),
        "visual_backprop": visual_backprop(features, x) - 1,
    }


def _finer_layers(features: nn.Module, x: Tensor) -> list[nn.Module]:
    """Of each member network the last layer whose maps are finer than its last ones."""
    members = list(features) if isinstance(features, SideBySide) else [features]
    return [_before_last_halving(cast("nn.Sequential", member), x) for member in members]


def _before_last_halving(layers: nn.Sequential, x: Tensor) -> nn.Module:
    widths = []
    with torch.inference_mode():
        for layer in layers:
            x = layer(x)
            widths.append(x.shape[-1])
    return layers[max(index for index, width in enumerate(widths) if width > widths[-1])]


def _enlarged(low: SignedMap, side_px: int) -> SignedMap:
    """At the size of the classifier's input, where methods are compared and places covered."""
    return frame.enlarge(low, side_px, side_px)


def _over(low: SignedMap, scene: Scene) -> SignedMap:
    """Over the whole picture; zero outside the square that the classifier saw."""
    return frame.over_image(low, *scene.lesion.shape)
