"""What has changed in a lesion between two pictures that lie over one another (SPEC R5, the E of ABCDE), against what is noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging, metrics, outlines, register
from analysis.vision.register import Registration
from analysis.vision.types import Mask, RgbImage

Heat = NDArray[np.float32]

NOISE = {"area": 0.25, "outline": 0.27, "border": 0.23, "colour": 10.6}
"""What two pictures of one lesion differ by although it did not change: in 19 of 20 pairs of train by less (`benchmarks/registration.py`
measures it on others). That of the area is a convention: the pairs have no scale."""
SKIN_REACH = 0.3
"""Of the lesion's mean diameter: how far around it skin is looked at to even out the light."""
MIN_SKIN_SAMPLES = 25


@dataclass(frozen=True)
class Change:
    """Differences from the earlier to the later picture. None means that it cannot be told, never zero."""

    area_ratio: float | None
    """Later area over earlier one, in mm²; None unless the scale of both pictures is known and both show the whole lesion."""
    outline_difference: float
    """1 − Jaccard index of both outlines in the earlier frame, [0, 1], as far as the later picture shows it. A registration that
    took growth for enlargement hides it."""
    border_difference: float | None
    """Later border irregularity less the earlier one."""
    colour_difference: float | None
    """Mean CIE76 ΔE over what both pictures show of the lesion, light evened out by the skin around it."""
    heat: Heat
    """H×W of the earlier picture: ΔE of every pixel in or next to the lesion that both pictures show, NaN elsewhere."""
    beyond_noise: dict[str, bool | None]
    """area, outline, border, colour → whether more than `NOISE`; None where it cannot be told."""


def measure(
    earlier: RgbImage,
    later: RgbImage,
    earlier_lesion: Mask,
    later_lesion: Mask,
    found: Registration,
    *,
    borders: tuple[float | None, float | None] = (None, None),
    pixel_areas_mm2: tuple[float, float] | None = None,
) -> Change:
    """Compare two pictures, each H×W×3 uint8 with its H×W outline, that `found` lays over one another.

    `borders`: border irregularity of the earlier and of the later outline as `abcd` measured them; `pixel_areas_mm2`: of the
    earlier and of the later picture. Raises ValueError for a refused registration and for an empty
    outline: nothing can be said about change then.
    """
    if found.matrix is None:
        raise ValueError("the pictures were not laid over one another")
    if not earlier_lesion.any() or not later_lesion.any():
        raise ValueError("both pictures need an outline")
    frame = earlier_lesion.shape
    moved = register.warp(later_lesion.astype(np.uint8), found.matrix, *frame) > 0
    shown = register.warp(np.ones(later.shape[:2], dtype=np.uint8), found.matrix, *frame) > 0
    lesion = (earlier_lesion | moved) & shown
    heat = _heat(earlier, register.warp(later, found.matrix, *frame), earlier_lesion | moved, shown)
    told = heat[lesion & np.isfinite(heat)]
    outline = 1 - metrics.jaccard(earlier_lesion & shown, moved)
    area = _area_ratio(earlier_lesion, later_lesion, pixel_areas_mm2)
    before, after = borders
    border = None if before is None or after is None else after - before
    colour = float(told.mean()) if told.size else None
    beyond = {
        "area": None if area is None else bool(abs(np.log(area)) > np.log1p(NOISE["area"])),
        "outline": bool(outline > NOISE["outline"]),
        "border": None if border is None else abs(border) > NOISE["border"],
        "colour": None if colour is None else colour > NOISE["colour"],
    }
    return Change(area, outline, border, colour, heat, beyond)


def _area_ratio(earlier: Mask, later: Mask, pixel_areas_mm2: tuple[float, float] | None) -> float | None:
    if pixel_areas_mm2 is None or outlines.touches_border(earlier) or outlines.touches_border(later):
        return None
    areas = [np.count_nonzero(mask) * area for mask, area in zip((earlier, later), pixel_areas_mm2, strict=True)]
    return float(areas[1] / areas[0])


def _heat(earlier: RgbImage, later: RgbImage, lesion: Mask, shown: Mask) -> Heat:
    """CIE76 ΔE of every pixel, after both pictures' skin has been given the same colour and both have been blurred by what
    registration may be off.
    """
    diameter_px = float(np.sqrt(4 * np.count_nonzero(lesion) / np.pi))
    distance = cv2.distanceTransform((~lesion).astype(np.uint8), cv2.DIST_L2, 3)
    near = np.asarray(distance) < SKIN_REACH * diameter_px
    skin = near & ~lesion & shown & (earlier.max(axis=2) >= imaging.DARK_LEVEL) & (later.max(axis=2) >= imaging.DARK_LEVEL)
    gain = np.ones(3)
    if np.count_nonzero(skin) >= MIN_SKIN_SAMPLES:
        gain = np.median(earlier[skin], axis=0) / np.maximum(np.median(later[skin], axis=0), 1)
    blur_px = max(1.0, 0.02 * diameter_px)
    reach = 2 * round(3 * blur_px) + 1  # what lies outside the later picture must not be blurred into what it shows
    shown = np.asarray(cv2.erode(shown.astype(np.uint8), np.ones((reach, reach), dtype=np.uint8)) > 0)
    evened = (later * gain).clip(0, 255)
    first, second = (imaging.lab(np.asarray(cv2.GaussianBlur(one.astype(np.float32), (0, 0), blur_px))) for one in (earlier, evened))
    heat = np.linalg.norm(first - second, axis=2).astype(np.float32)
    heat[~(near & shown)] = np.nan
    result: Heat = heat
    return result
