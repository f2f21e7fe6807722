"""Fitting what a classifier knows: where its features lie on train, and where to draw the line on val."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from analysis.vision import classify
from analysis.vision.familiarity import Reference
from analysis.vision.training import data, strangers
from analysis.vision.training.data import Example, Shards
from analysis.vision.types import RgbImage
from analysis.vision.weights import Model

AXES = 64
"""Principal directions kept: they hold most of what distinguishes skin pictures, and a covariance of that size is well estimated."""
TRAIN_IMAGES, SKIN_CROPS, DRAWINGS = 1500, 300, 60
"""Examined to fit: train images, crops of plain skin, drawings of each kind."""
MEASURED = 40
"""Drawings of each kind to measure by, others than those fitted on."""
KEPT = 0.95
"""Share of val that counts as familiar."""
PENALTY = 1.0
"""Of the logistic regression: half the squared length of its weights, per image."""

Floats = NDArray[np.float64]


def fit(model: Model, train: Sequence[Example], val_features: Floats, data_dir: Path, seed: int) -> Reference:
    """What the classifier knows, from a sample of train images, plain skin beside their lesions, drawings, and val for the limits."""
    rng = np.random.default_rng(seed)
    chosen = [train[index] for index in sorted(rng.permutation(len(train))[:TRAIN_IMAGES])]
    shards = Shards(data_dir)
    usual = features(model, (shards.image(example) for example in chosen))
    others = np.concatenate([_skin(model, train, data_dir, rng, SKIN_CROPS), _drawn(model, list(strangers.FITTED), DRAWINGS, seed)])
    reference = _principal(usual, data.class_indices(chosen))
    inside, outside = reference.coordinates(usual), reference.coordinates(others)
    return _limited(replace(reference, weights=_apart(inside, outside).astype(np.float32)), val_features)


def features(model: Model, images: Iterable[RgbImage]) -> Floats:
    """N×d features, one image after the other as at work."""
    return np.concatenate([classify.look(classify.prepare(image, model.card), model).features for image in images])


def report(model: Model, reference: Reference, val: Sequence[Example], val_features: Floats, data_dir: Path, seed: int) -> dict[str, Any]:
    """How much of val is kept, by modality, and how much of every kind of stranger is refused. Plain skin comes from val images."""
    kept = reference.unfamiliar(val_features) < 0.5
    modalities = np.array([example.modality for example in val])
    skin = reference.unfamiliar(_skin(model, val, data_dir, np.random.default_rng(seed), SKIN_CROPS)) >= 0.5
    return {
        "rule": "the farther of two scores: distance to the nearest class mean, and logistic regression against strangers",
        "limits": f"{KEPT} of val kept",
        "val_kept": {
            name: {"n": int((modalities == name).sum()), "share": _share(kept[modalities == name])} for name in np.unique(modalities)
        },
        "refused": {
            "plain_skin": {"n": len(skin), "share": _share(skin), "seen_in_fitting": True},
            **{kind: _refused(model, reference, kind, seed) for kind in (*strangers.FITTED, *strangers.HELD_OUT)},
        },
    }


def _refused(model: Model, reference: Reference, kind: str, seed: int) -> dict[str, Any]:
    refused = reference.unfamiliar(_drawn(model, [kind], MEASURED, seed + 1)) >= 0.5
    return {"n": MEASURED, "share": _share(refused), "seen_in_fitting": kind in strangers.FITTED}


def _share(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4)


def _skin(model: Model, examples: Sequence[Example], data_dir: Path, rng: np.random.Generator, n: int) -> Floats:
    """Features of `n` crops of plain skin, every other one enlarged, the rest continued by mirroring."""
    shuffled = [examples[index] for index in rng.permutation(len(examples))]
    half = n // 2
    sharp = strangers.skin_images(shuffled[::2], data_dir, strangers.tiled)
    soft = strangers.skin_images(shuffled[1::2], data_dir, strangers.enlarged)
    return features(model, [*islice(sharp, half), *islice(soft, n - half)])


def _drawn(model: Model, kinds: Sequence[str], n: int, seed: int) -> Floats:
    return features(model, (image for kind in kinds for image in strangers.drawn(kind, n, seed)))


def _principal(usual: Floats, labels: NDArray[np.int64]) -> Reference:
    """Principal directions of N×d features, whitened by the spread within the classes."""
    centre = usual.mean(axis=0)
    _, _, directions = np.linalg.svd(usual - centre, full_matrices=False)
    axes = directions[:AXES]
    inside = (usual - centre) @ axes.T
    present = np.unique(labels)
    means = np.array([inside[labels == label].mean(axis=0) for label in present])
    within = inside - means[np.searchsorted(present, labels)]
    spread, turned = np.linalg.eigh(within.T @ within / len(within))
    whitening = turned @ np.diag(1 / np.sqrt(np.maximum(spread, 1e-6 * spread.max()))) @ turned.T
    outside = np.square(usual - centre).sum(axis=1) - np.square(inside).sum(axis=1)
    left = max(1, usual.shape[1] - len(axes))
    arrays = (centre, axes, whitening, means @ whitening.T, np.array(max(outside.mean() / left, 1e-12)), np.zeros(len(axes)), np.ones(2))
    return Reference(*(np.asarray(array, dtype=np.float32) for array in arrays))


def _apart(inside: Floats, outside: Floats) -> Floats:
    """Weights of a logistic regression, positive towards `outside`; both sides count the same."""
    x = torch.from_numpy(np.concatenate([inside, outside]))
    target = torch.from_numpy(np.repeat([0.0, 1.0], [len(inside), len(outside)]))
    share = torch.from_numpy(np.repeat([0.5 / len(inside), 0.5 / len(outside)], [len(inside), len(outside)]))
    parameters = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        log_odds = x @ parameters[:-1] + parameters[-1]
        loss = functional.binary_cross_entropy_with_logits(log_odds, target, weight=share, reduction="sum")
        loss = loss + PENALTY * parameters[:-1].square().sum() / (2 * len(x))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return np.asarray(parameters[:-1].detach().numpy())


def _limited(reference: Reference, val_features: Floats) -> Reference:
    """Both limits at the same quantile of val, the lowest at which `KEPT` of val stay below both."""
    scores = np.stack([reference.distance(val_features), reference.log_odds(val_features)])
    for quantile in np.linspace(KEPT, 1, 501):
        limits = np.quantile(scores, quantile, axis=1)
        if (scores < limits[:, None]).all(axis=0).mean() >= KEPT:
            break
    return replace(reference, limits=limits.astype(np.float32))
