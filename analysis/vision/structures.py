"""The five dermoscopic structures (S0 §3.6): where each lies and how probable it is that the image shows it at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from analysis.vision import segment
from analysis.vision.types import STRUCTURES, Mask, RgbImage, Structure
from analysis.vision.weights import Model, StructureRule

HIGHEST_SHARE = 0.01
"""Presence is read from the highest hundredth of a map: a structure may be small, a single pixel may be chance."""


def find(image: RgbImage, model: Model, lesion: Mask) -> tuple[Structure, ...]:
    """All five structures of an upright H×W×3 image; `lesion` H×W says how much of it each covers."""
    low = segment.logits(image, model)
    chances = presence(presence_scores(low), model.card.structures)
    masks = [_marked(channel, rule.threshold, *image.shape[:2]) for channel, rule in zip(low, model.card.structures, strict=True)]
    found = zip(STRUCTURES, model.card.structures, masks, chances, strict=True)
    return tuple(
        Structure(name, float(chance), mask, rule.is_validated, int(np.count_nonzero(mask)), _share(mask, lesion))
        for name, rule, mask, chance in found
    )


def _marked(low: NDArray[np.float32], threshold: float, height_px: int, width_px: int) -> Mask:
    """Where an s×s map of logits, enlarged to H×W, lies above a probability. Enlarging passes no maximum: most maps are spared it."""
    if low.max() <= logit(threshold):
        return np.zeros((height_px, width_px), dtype=np.bool_)
    return segment.above(low, threshold, height_px, width_px)


def presence_scores(low: NDArray[np.float32]) -> NDArray[np.float64]:
    """C×h×w logits → C: mean logit of the highest hundredth of each map's pixels."""
    flat = low.reshape(len(low), -1)
    count = max(1, round(HIGHEST_SHARE * flat.shape[1]))
    return np.asarray(np.partition(flat, -count, axis=1)[:, -count:].mean(axis=1), dtype=np.float64)


def presence(scores: NDArray[np.float64], rules: Sequence[StructureRule]) -> NDArray[np.float64]:
    """(…, C) scores s → probabilities σ(a·s + b) by the line of each structure (Platt 1999)."""
    log_odds = scores * [rule.slope for rule in rules] + np.array([rule.intercept for rule in rules])
    return np.asarray(expit(log_odds))


def _share(mask: Mask, lesion: Mask) -> float | None:
    """area(mask ∩ lesion) / area(lesion); None without a lesion."""
    area = int(np.count_nonzero(lesion))
    return float(np.count_nonzero(mask & lesion) / area) if area else None
