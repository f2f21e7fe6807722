"""From a mask to an Outline: largest area, holes filled, contour, whether the frame cuts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision.types import Contour, Mask, Outline, Region

MIN_AREA_SHARE = 0.001
"""A lesion smaller than a thousandth of the frame (19×14 px of 600×450) is noise or cannot be judged."""


def from_mask(mask: Mask, nothing_found: str, plausible_share: float = 1.0) -> Outline:
    """The largest 8-connected area of an H×W mask with its holes filled, and others of at least `plausible_share` of its area.

    `contour` follows the largest. When that is smaller than MIN_AREA_SHARE of the frame the outline is empty and `failure` says
    `nothing_found`.
    """
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ordered = sorted(contours, key=cv2.contourArea, reverse=True)
    if not ordered or np.count_nonzero(_filled(ordered[:1], mask.shape)) < MIN_AREA_SHARE * mask.size:
        return empty(mask.shape[0], mask.shape[1], nothing_found)
    largest, *others = ordered
    wanted = plausible_share * cv2.contourArea(largest)
    inside = _filled([largest, *(other for other in others if plausible_share < 1 and cv2.contourArea(other) >= wanted)], mask.shape)
    return Outline(inside, _vertices(largest), int(np.count_nonzero(inside)), touches_border(inside))


def belonging(mask: Mask, marked: Region | None) -> Mask:
    """Of several areas of an H×W mask those that lie in the marked rectangle with half of their pixels or more.

    Where none does, the lesion has run together with its neighbour: what of it lies in the rectangle. Everything without a rectangle.
    """
    if marked is None:
        return mask
    left, top, width, height = marked
    inside = np.zeros_like(mask)
    inside[top : top + height, left : left + width] = True
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    areas, areas_inside = (np.bincount(pixels.ravel(), minlength=count) for pixels in (labels, labels[inside]))
    belongs = 2 * areas_inside >= areas
    belongs[0] = False
    return belongs[labels] if belongs.any() else mask & inside


def _filled(contours: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Mask:
    areas = np.zeros(shape, dtype=np.uint8)
    cv2.drawContours(areas, contours, -1, 1, thickness=cv2.FILLED)
    return areas.view(np.bool_)


def empty(height: int, width: int, failure: str) -> Outline:
    """The outline of nothing, with the sentence that says why."""
    no_contour: Contour = np.zeros((0, 2), dtype=np.float32)
    return Outline(np.zeros((height, width), dtype=np.bool_), no_contour, 0, False, failure)


def touches_border(mask: Mask) -> bool:
    """True when the frame cuts the lesion."""
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _vertices(contour: NDArray[Any]) -> Contour:
    """OpenCV's N×1×2 integers as N×2 float32."""
    return contour.reshape(-1, 2).astype(np.float32)
