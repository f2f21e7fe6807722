"""What has changed in a lesion between two visits (SPEC R5, the E of ABCDE), against what two pictures differ by anyway."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging, metrics, outlines, register
from analysis.vision.register import Matrix, Registration
from analysis.vision.types import Mask, RgbImage

Heat = NDArray[np.float32]
Shares = tuple[tuple[float, float, float], tuple[float, float, float]]
"""2×3, see `in_shares`."""

NOISE = {"area": 0.25, "outline": 0.25, "border": 0.28, "colour": 10.1, "spot": 17.7}
"""What two pictures of one lesion differ by although it did not change: in 19 of 20 of 222 pairs of train by less
(`python -m benchmarks.registration --splits train --pairs 200`; without arguments on val and test). `spot`: what 95 % of the lesion's
pixels stay below. That of the area is a convention: the pairs have no scale."""
WORKING_PX = 800
"""Of the longer side at most: larger pictures say no more about change, and take seconds."""
SKIN_REACH = 0.3
"""Of the lesion's mean diameter: how far around it skin is looked at to even out the light."""
MIN_SKIN_SAMPLES = 25


@dataclass(frozen=True)
class Visit:
    """A picture of the lesion and what was found in it."""

    image: RgbImage
    """H×W×3 uint8."""
    lesion: Mask
    """H×W."""
    border_irregularity: float | None = None
    """As `abcd` measured it."""
    pixel_area_mm2: float | None = None


@dataclass(frozen=True)
class Change:
    """Differences from the earlier to the later picture. None means that it cannot be told, never zero."""

    area_ratio: float | None
    """Later area over earlier one, in mm²; None unless the scale of both pictures is known and both show the whole lesion."""
    outline_difference: float
    """1 − Jaccard index of both outlines in the later frame, [0, 1], as far as the earlier picture shows it. A registration that
    took growth for enlargement hides it."""
    border_difference: float | None
    """Later border irregularity less the earlier one."""
    colour_difference: float | None
    """Mean CIE76 ΔE over what both pictures show of the lesion, light evened out by the skin around it."""
    heat: Heat
    """H×W of the later picture: ΔE of every pixel of the lesion that both pictures show, NaN elsewhere."""
    beyond_noise: dict[str, bool | None]
    """area, outline, border, colour → whether more than `NOISE`; None where it cannot be told."""


@dataclass(frozen=True)
class Comparison:
    """Two visits laid over one another."""

    correlation: float
    """How surely, see `Registration`."""
    failure: str | None
    """Why they could not be, a sentence for the clinician, else None; then there is neither of the following."""
    change: Change | None = None
    earlier_seen: NDArray[np.uint8] | None = None
    """H×W×4 RGBA, at most WORKING_PX: the earlier picture as the later one's frame would show it, transparent where it shows nothing."""
    matrix: Shares | None = None
    """Where a place of the earlier picture lies in the later one."""


def compare(earlier: Visit, later: Visit) -> Comparison:
    """Lay the earlier picture over the later one and measure what has changed."""
    earlier, later = shrunk(earlier), shrunk(later)
    found = register.register(later.image, earlier.image, later.lesion, earlier.lesion)
    if found.matrix is None:
        return Comparison(found.correlation, found.failure)
    shown = _shown(earlier, found.matrix, later)
    seen = np.dstack([register.warp(earlier.image, found.matrix, *later.lesion.shape), shown.astype(np.uint8) * np.uint8(255)])
    matrix = in_shares(found.matrix, earlier.lesion.shape, later.lesion.shape)
    return Comparison(found.correlation, None, measure(earlier, later, found), seen, matrix)


def in_shares(matrix: Matrix, moving_shape: tuple[int, ...], fixed_shape: tuple[int, ...]) -> Shares:
    """The same 2×3 map between shares of the frames, (0, 0) the upper left and (1, 1) the lower right corner: true at any size of either
    picture. Shapes are (height, width) of the pictures whose pixels, with centres at whole numbers, `matrix` maps.
    """
    moving, fixed = (np.array(shape[1::-1], dtype=np.float64) for shape in (moving_shape, fixed_shape))
    linear = matrix[:, :2] * moving / fixed[:, None]
    offset = (matrix[:, 2] + 0.5 - matrix[:, :2] @ [0.5, 0.5]) / fixed
    (a, b, c), (d, e, f) = np.column_stack([linear, offset]).tolist()
    return (a, b, c), (d, e, f)


def shrunk(visit: Visit) -> Visit:
    """At most WORKING_PX on the longer side."""
    height, width = visit.lesion.shape
    scale = WORKING_PX / max(height, width)
    if scale >= 1:
        return visit
    size = max(1, round(width * scale)), max(1, round(height * scale))
    lesion = np.asarray(cv2.resize(visit.lesion.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)
    pixel_area_mm2 = visit.pixel_area_mm2 and visit.pixel_area_mm2 * (width * height) / (size[0] * size[1])
    return replace(visit, image=imaging.resize(visit.image, *size), lesion=lesion, pixel_area_mm2=pixel_area_mm2)


def _shown(earlier: Visit, matrix: Matrix, later: Visit) -> Mask:
    """Where the later frame is covered by the earlier picture."""
    return register.warp(np.ones(earlier.lesion.shape, dtype=np.uint8), matrix, *later.lesion.shape) > 0


def measure(earlier: Visit, later: Visit, found: Registration) -> Change:
    """Compare two visits whose `found` maps the earlier picture to the later one.

    Outlines by 1 − Jaccard index, colours by the mean of the heat, areas by their ratio, borders by their difference; an area is beyond
    what is usual when abs(ln(A₂/A₁)) > ln(1 + NOISE), all others when they exceed their NOISE.
    Raises ValueError for a refused registration and for an empty outline: nothing can be said about change then.
    """
    if found.matrix is None:
        raise ValueError("the pictures were not laid over one another")
    if not earlier.lesion.any() or not later.lesion.any():
        raise ValueError("both pictures need an outline")
    moved = register.warp(earlier.lesion.astype(np.uint8), found.matrix, *later.lesion.shape) > 0
    shown = _shown(earlier, found.matrix, later)
    heat = _heat(register.warp(earlier.image, found.matrix, *later.lesion.shape), later.image, later.lesion | moved, shown)
    told = heat[np.isfinite(heat)]
    area, outline = _area_ratio(earlier, later), 1 - metrics.jaccard(later.lesion & shown, moved)
    border = _border_difference(earlier, later)
    colour = float(told.mean()) if told.size else None
    beyond = {
        "area": None if area is None else bool(abs(np.log(area)) > np.log1p(NOISE["area"])),
        "outline": bool(outline > NOISE["outline"]),
        "border": None if border is None else abs(border) > NOISE["border"],
        "colour": None if colour is None else colour > NOISE["colour"],
    }
    return Change(area, outline, border, colour, heat, beyond)


def _area_ratio(earlier: Visit, later: Visit) -> float | None:
    """A₂/A₁ in mm²; None unless both scales are known and both lesions whole in view."""
    if earlier.pixel_area_mm2 is None or later.pixel_area_mm2 is None:
        return None
    if outlines.touches_border(earlier.lesion) or outlines.touches_border(later.lesion):
        return None
    before, after = np.count_nonzero(earlier.lesion) * earlier.pixel_area_mm2, np.count_nonzero(later.lesion) * later.pixel_area_mm2
    return float(after / before)


def _border_difference(earlier: Visit, later: Visit) -> float | None:
    """B₂ − B₁ of `abcd.border_irregularity`; None where one is undefined."""
    if earlier.border_irregularity is None or later.border_irregularity is None:
        return None
    return later.border_irregularity - earlier.border_irregularity


def _heat(earlier: RgbImage, later: RgbImage, lesion: Mask, shown: Mask) -> Heat:
    """CIE76 ΔE (distance of L*a*b* colours) of every pixel, after both pictures' skin has been given the same colour and both have
    been blurred by what registration may be off.
    """
    diameter_px = float(np.sqrt(4 * np.count_nonzero(lesion) / np.pi))
    distance = cv2.distanceTransform((~lesion).astype(np.uint8), cv2.DIST_L2, 3)
    near = np.asarray(distance) < SKIN_REACH * diameter_px
    skin = near & ~lesion & shown & (earlier.max(axis=2) >= imaging.DARK_LEVEL) & (later.max(axis=2) >= imaging.DARK_LEVEL)
    gain = np.ones(3)
    if np.count_nonzero(skin) >= MIN_SKIN_SAMPLES:
        gain = np.median(later[skin], axis=0) / np.maximum(np.median(earlier[skin], axis=0), 1)
    blur_px = max(1.0, 0.02 * diameter_px)
    reach = 2 * round(3 * blur_px) + 1  # what lies outside the earlier picture must not be blurred into what it shows
    shown = np.asarray(cv2.erode(shown.astype(np.uint8), np.ones((reach, reach), dtype=np.uint8)) > 0)
    evened = (earlier * gain).clip(0, 255)
    first, second = (imaging.lab(np.asarray(cv2.GaussianBlur(one.astype(np.float32), (0, 0), blur_px))) for one in (evened, later))
    heat = np.linalg.norm(first - second, axis=2).astype(np.float32)
    heat[~(lesion & shown)] = np.nan
    result: Heat = heat
    return result
