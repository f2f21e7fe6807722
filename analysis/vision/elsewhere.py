"""An equal place elsewhere in a lesion: what covering a finding is compared with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision.types import Mask

STEP = 4
"""Places are sought at every fourth pixel, on masks made as much smaller: the classifier does not see finer differences either."""
MIN_INSIDE = 0.95
"""Share of the place that must lie inside the lesion; the rest is cut off."""
MAX_OVERLAP = 0.5
"""Share of it that may lie on the finding itself."""

Floats = NDArray[np.float32]


def equal_place(region: Mask, lesion: Mask) -> Mask | None:
    """The shape of `region`, as it is or mirrored, where it lies inside the lesion and on itself as little as possible; both s×s.

    Of places that overlap as little the one farthest away. None where there is none. Pure: the same masks give the same place.
    """
    best = max((_best(shape, region, lesion) for shape in _mirrored(region)), key=lambda found: found[0])
    (overlap, _), shape, (y, x) = best
    if -overlap > MAX_OVERLAP:
        return None
    height, width = shape.shape
    place = np.zeros_like(lesion)
    place[y : y + height, x : x + width] = shape
    return np.asarray(place & lesion) if (place & lesion).any() else None


def _best(shape: Mask, region: Mask, lesion: Mask) -> tuple[tuple[float, float], Mask, tuple[int, int]]:
    """How good the best corner (y, x) for a shape is, least overlap first, then greatest distance; −∞ where it does not fit."""
    small, on = _coarse(shape), _coarse(region)
    inside, overlap = _share_on(_coarse(lesion), small), _share_on(on, small)
    top, left = (int(axis.min()) // STEP for axis in np.nonzero(region))
    rows, columns = np.ogrid[: inside.shape[0], : inside.shape[1]]
    distance = np.hypot(rows - top, columns - left)
    fits = inside >= MIN_INSIDE
    if not fits.any():
        return (-np.inf, 0.0), shape, (0, 0)
    least = overlap[fits].min()
    distance[~(fits & (overlap <= least + 0.01))] = -1
    y, x = np.unravel_index(int(distance.argmax()), distance.shape)
    fitting = min(int(y) * STEP, lesion.shape[0] - shape.shape[0]), min(int(x) * STEP, lesion.shape[1] - shape.shape[1])
    return (-float(least), float(distance.max())), shape, fitting


def _mirrored(region: Mask) -> list[Mask]:
    """The box around a region, as it is and mirrored up, sideways and both ways."""
    left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
    box = region[top : top + height, left : left + width]
    return [box, box[::-1], box[:, ::-1], box[::-1, ::-1]]


def _coarse(mask: Mask) -> Floats:
    """The share of each STEP×STEP block that the mask covers."""
    height, width = -(-mask.shape[0] // STEP) * STEP, -(-mask.shape[1] // STEP) * STEP
    padded = np.zeros((height, width), np.float32)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(cv2.resize(padded, (width // STEP, height // STEP), interpolation=cv2.INTER_AREA))


def _share_on(mask: Floats, shape: Floats) -> Floats:
    """Share of a shape that lies on a mask, for each corner (y, x) at which its box lies in the frame."""
    return np.asarray(cv2.matchTemplate(mask, shape, cv2.TM_CCORR) / shape.sum())
