"""Fit what `analysis.vision.familiarity` knows: distances and strangers on train, limits on val; measured on other strangers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.vision import classify, metrics
from analysis.vision.familiarity import Reference
from analysis.vision.training import strangers
from analysis.vision.training.data import Example, Shards
from analysis.vision.types import RgbImage
from analysis.vision.weights import Model

Floats = NDArray[np.float64]
Figures = dict[str, Any]

AXES = 128
"""Principal directions kept: of mirrored plain skin on val, 64 refused 0.96 and 128 refused 0.97 with the first pair of networks."""
KEPT_SHARE = 0.95
MIN_MEMBERS = 8
"""Fewer images of a class and modality have no mean worth a distance; they are measured from the others'."""
DRAWINGS = 60
"""Of each kind, to learn from and again to measure by."""
SKIN_EXAMPLES = 300
"""Images from which plain skin is cut, in each split; about seven in ten have room for it."""
SHRINKAGE = 0.05
"""Towards a round spread (Ledoit & Wolf 2004's idea, a fixed share): 128² numbers from some hundred images per class."""
PENALTY = 1e-2
"""Of squared weights in the logistic regression, per image."""
SEED = 20261121


def fit(
    model: Model, train: Sequence[Example], val: Sequence[Example], on_val: Floats, data_dir: Path, *, max_train: int = 2000
) -> tuple[Reference, Figures]:
    """The reference to be stored beside `model` and the part of its card that says how it was made and what it refuses.

    At most `max_train` labelled images of `train` are looked at, drawn with a fixed seed; `on_val` are the features of all of `val`.
    """
    chosen = sample(train, max_train)
    shards = Shards(data_dir)
    known = features(model, (shards.image(example) for example in chosen))
    taught = features(model, chain(_skin(chosen, data_dir), *(strangers.drawn(kind, DRAWINGS, seed=0) for kind in strangers.FITTED)))
    reference = learn(known, [f"{example.label} {example.modality}" for example in chosen], taught, AXES)
    reference = limited(reference, on_val)
    return reference, {
        "rule": (
            f"squared Mahalanobis distance to the nearest class mean in {AXES} principal directions of the pooled features plus the "
            "residual outside them, and a logistic regression against plain skin and drawings; unfamiliar where either passes its limit"
        ),
        "fitted_on": {"train": len(chosen), "strangers": len(taught), "kinds": ["plain_skin", *strangers.FITTED]},
        "limit": f"{KEPT_SHARE:.0%} of val kept",
        **figures(model, reference, val, on_val, data_dir),
    }


def figures(model: Model, reference: Reference, val: Sequence[Example], on_val: Floats, data_dir: Path) -> Figures:
    """What is kept of val, and what is refused of strangers that no reference was fitted on."""
    return {
        "val": kept(reference, on_val, val),
        "strangers": refused(reference, on_val, stranger_features(model, val, data_dir)),
    }


def features(model: Model, images: Iterable[RgbImage]) -> Floats:
    """N×d mean-pooled features, one image after the other as at work."""
    return np.array([classify.look(classify.prepare(image, model.card), model).features[0] for image in images])


def sample(examples: Sequence[Example], limit: int) -> list[Example]:
    """At most `limit` of the examples, drawn with a fixed seed, in their old order."""
    order = np.random.default_rng(SEED).permutation(len(examples))[:limit]
    return [examples[index] for index in sorted(order)]


def learn(known: Floats, classes: Sequence[str], taught: Floats, axes: int) -> Reference:
    """Everything but the limits, from N×d features of known images with their classes, and M×d of strangers."""
    centre = known.mean(axis=0)
    _, lengths, directions = np.linalg.svd(known - centre, full_matrices=False)
    inside = (known - centre) @ directions[:axes].T
    means = class_means(inside, classes)
    whitening = _whitening(inside, means)
    left = min(known.shape) - axes
    draft = Reference(
        centre=centre.astype(np.float32),
        axes=directions[:axes].astype(np.float32),
        whitening=whitening.astype(np.float32),
        means=(means @ whitening.T).astype(np.float32),
        residual_variance=np.array(np.square(lengths[axes:]).sum() / len(known) / max(left, 1)),
        weights=np.zeros(axes),
        limits=np.zeros(2),
    )
    return replace(draft, weights=_regression(draft.coordinates(known), draft.coordinates(taught)))


def class_means(inside: Floats, classes: Sequence[str]) -> Floats:
    """The mean of every class that has `MIN_MEMBERS`; of everything when none has."""
    names = np.array(classes)
    large = [name for name in sorted(set(classes)) if (names == name).sum() >= MIN_MEMBERS]
    return np.array([inside[names == name].mean(axis=0) for name in large] or [inside.mean(axis=0)])


def _whitening(inside: Floats, means: Floats) -> Floats:
    """W with Wᵀ·W the inverse of the shrunk covariance about the nearest mean."""
    nearest = np.square(inside[:, None] - means).sum(axis=2).argmin(axis=1)
    spread = inside - means[nearest]
    covariance = spread.T @ spread / len(spread)
    round_one = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    return np.asarray(np.linalg.inv(np.linalg.cholesky((1 - SHRINKAGE) * covariance + SHRINKAGE * round_one)))


def _regression(known: Floats, taught: Floats) -> Floats:
    """Weights that tell strangers from known images; both sides count the same however many they are."""
    rows = np.vstack([known, taught])
    sign = np.repeat([-1.0, 1.0], [len(known), len(taught)])
    share = np.repeat([0.5 / len(known), 0.5 / len(taught)], [len(known), len(taught)])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margin = sign * (rows @ parameters[:-1] + parameters[-1])
        pull = share * sign / (1 + np.exp(np.clip(margin, -500, 500)))
        penalty = PENALTY * np.append(parameters[:-1], 0)
        return float(share @ np.logaddexp(0, -margin) + penalty @ parameters / 2), penalty - np.append(pull @ rows, pull.sum())

    return np.asarray(minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x[:-1])


def limited(reference: Reference, on_val: Floats) -> Reference:
    """With limits that together keep `KEPT_SHARE` of val, neither the stricter: both leave out the same share of it.

    The image that is just not kept lies on its limit: it scores 0.5.
    """
    scores = np.stack([reference.distance(on_val), reference.log_odds(on_val)])
    ranks = scores.argsort(axis=1).argsort(axis=1)
    first_left_out = np.sort(ranks.max(axis=0))[int(np.ceil(KEPT_SHARE * len(on_val) - 1e-9))]
    return replace(reference, limits=np.sort(scores, axis=1)[:, first_left_out])


def kept(reference: Reference, rows: Floats, examples: Sequence[Example]) -> Figures:
    """Share of known images that are called familiar, in all and by modality."""
    usual = reference.unfamiliar(rows) < 0.5
    modality = np.array([example.modality for example in examples])
    parts = {"all": np.ones(len(usual), bool), **{name: modality == name for name in sorted(set(modality))}}
    return {name: {"n": int(part.sum()), "share_kept": round(float(usual[part].mean()), 4)} for name, part in parts.items()}


def refused(reference: Reference, known: Floats, found: dict[str, Floats]) -> Figures:
    """Per kind of stranger: number, share refused, AUC against the known images, and whether its kind was learnt from."""
    usual = reference.unfamiliar(known)
    return {kind: _one_kind(usual, reference.unfamiliar(rows), kind) for kind, rows in found.items() if len(rows)}


def _one_kind(usual: Floats, strange: Floats, kind: str) -> Figures:
    is_stranger = np.repeat([False, True], [len(usual), len(strange)])
    auc = metrics.auc(is_stranger, np.concatenate([usual, strange]))
    return {
        "n": len(strange),
        "share_refused": round(float((strange >= 0.5).mean()), 4),
        "auc": auc and round(auc, 4),
        "kind_was_fitted": kind in strangers.FITTED or kind.startswith("plain_skin"),
    }


def stranger_features(model: Model, examples: Sequence[Example], data_dir: Path) -> dict[str, Floats]:
    """Kind → features of strangers no reference was fitted on: skin beside the lesions of `examples`, new drawings, photographs."""
    sources: dict[str, Iterable[RgbImage]] = {
        "plain_skin_enlarged": strangers.skin_images(_masked(examples), data_dir, strangers.enlarged),
        "plain_skin_tiled": strangers.skin_images(_masked(examples), data_dir, strangers.tiled),
        **{kind: strangers.drawn(kind, DRAWINGS, seed=1) for kind in (*strangers.FITTED, *strangers.HELD_OUT)},
        "photographs": strangers.photographs(),
    }
    return {kind: features(model, images) for kind, images in sources.items()}


def _skin(examples: Sequence[Example], data_dir: Path) -> Iterable[RgbImage]:
    return chain(*(strangers.skin_images(_masked(examples), data_dir, whole) for whole in (strangers.enlarged, strangers.tiled)))


def _masked(examples: Sequence[Example]) -> list[Example]:
    return sample([example for example in examples if example.mask], SKIN_EXAMPLES)
