"""Named findings instead of a picture (SPEC A8): what was found, where, and how the malignancy changes without it.

A finding with a place is covered with what lies around it, on its own side of the outline, and the classifier is asked again (occlusion,
Zeiler & Fergus 2014, arXiv:1311.2901, with the surroundings in place of a grey square, which no skin shows). Losing any part of a lesion
changes the answer, so an equal place elsewhere in it is covered too, and only what goes beyond that is called clear
(`benchmarks.evidence`). That says what the place does to this answer; it does not say that the finding is the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.vision import classify, elsewhere, imaging
from analysis.vision.types import Abcd, Certainty, Finding, FindingKind, Mask, Structure
from analysis.vision.weights import Model

CLUE_COLOURS = ("white", "red", "blue_grey", "black")
"""Brown is the colour of nearly every lesion and no finding."""
ASYMMETRY_1, ASYMMETRY_2, BORDER = 0.152, 0.156, 1.315
"""What nine of ten naevi do not exceed, of 2,969 of `train`; 17 %, 19 % and 20 % of 575 melanomas do."""
MANY_COLOURS = 3
"""As many and more: 14 % of those naevi, 24 % of the melanomas."""
WORKING_PX = 512
"""Of the longer side at most, where places are looked at."""
MAX_COVERED = 2
"""Places that are covered, the largest first: each costs two forward passes, and few pictures have more."""
MIN_SHARE, MAX_SHARE = 0.01, 0.7
"""Of the lesion. A speck cannot matter; of a finding that is nearly all of the lesion nothing is left to cover it with."""
MARGIN_PX, EDGE_PX = 2, 1.5
"""At the classifier's size: what is covered beyond the place, and the Gaussian width of the seam."""
LEAST_EFFECT = 0.01
REACH = 0.2
"""Gaussian width, in square roots of the lesion's area, over which surroundings are spread into the place."""
THROUGHOUT = 0.12
"""A place with at least this share of its area in each quarter around the lesion's centre is no side of it."""

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """A finding and where it lies, at the size of the picture."""

    finding: Finding
    region: Mask


@dataclass(frozen=True)
class Altered:
    """The whole picture, shown to the classifier otherwise than it is."""

    kind: FindingKind
    name: str
    x: Tensor
    """1×3×s×s, as the classifier's input."""


@dataclass(frozen=True)
class Found:
    """What the other stages made of the picture."""

    lesion: Mask
    """H×W, as all that follows."""
    structures: Sequence[Structure]
    measured: Abcd
    p_malignant: float
    certainty: Certainty

    @property
    def chance(self) -> float:
        """Changes of the probability below this mean nothing: what another view of the same picture changes."""
        return max(LEAST_EFFECT, *(abs(p - self.p_malignant) for p in (self.certainty.mirrored, self.certainty.enlarged)))


def find(x: Tensor, found: Found, model: Model, altered: Sequence[Altered] = ()) -> tuple[Finding, ...]:
    """What can be named; `x` is the classifier's 1×3×s×s input, `altered` the picture without what hides some of it, or in other light.

    Places and alterations first, those that change the malignancy most at the top; then what has no place. Nothing of the lesion
    without an outline. The classifier is asked once about everything.
    """
    has_lesion = bool(found.lesion.any())
    named = places(_shrunk(found)) if has_lesion else []
    covered = _covered(as_seen(found.lesion, model.card.input_px), named)
    pictures = [*_painted(x, covered), *(picture.x for picture in altered)]
    answers = iter(classify.malignant_mass(classify.probabilities(torch.cat(pictures), model)).tolist() if pictures else ())
    findings = [place.finding for place in named]
    for index in covered.regions:
        findings[index] = replace(findings[index], effect=found.p_malignant - next(answers))
    for index in covered.elsewhere:
        findings[index] = _compared(replace(findings[index], elsewhere=found.p_malignant - next(answers)), found.chance)
    whole = [_weighed(Finding(picture.kind, picture.name, effect=found.p_malignant - next(answers)), found.chance) for picture in altered]
    weighed = sorted([*findings, *whole], key=lambda finding: -abs(finding.effect or 0.0))
    return (*weighed, *(_counted(found.measured) if has_lesion else ()))


def _weighed(finding: Finding, chance: float) -> Finding:
    return replace(finding, is_clear=finding.effect is not None and abs(finding.effect) >= chance)


def _compared(finding: Finding, chance: float) -> Finding:
    """Clear when the place does more than an equal one elsewhere, by more than chance."""
    if finding.effect is None or finding.elsewhere is None:
        return finding
    return replace(finding, is_clear=abs(finding.effect) - abs(finding.elsewhere) >= chance)


def _shrunk(found: Found) -> Found:
    """At WORKING_PX at most: thirds of a lesion and shares of it need no more, and large pictures cost seconds."""
    height, width = found.lesion.shape
    scale = WORKING_PX / max(height, width)
    if scale >= 1:
        return found
    size = max(1, round(width * scale)), max(1, round(height * scale))
    regions = tuple(replace(region, contour=region.contour * np.float32(scale)) for region in found.measured.regions)
    return replace(
        found,
        lesion=_resized(found.lesion, size),
        structures=[replace(structure, mask=_resized(structure.mask, size)) for structure in found.structures],
        measured=replace(found.measured, regions=regions),
    )


def _resized(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def places(found: Found) -> list[Place]:
    """Every finding with a place, covered or not: structures and colours."""
    return [*_structures(found), *_colours(found)]


def _structures(found: Found) -> list[Place]:
    marked = {structure.name: structure.mask & found.lesion for structure in found.structures if structure.is_validated}
    return [_place("structure", name, region, found.lesion) for name, region in marked.items() if region.any()]


def _colours(found: Found) -> list[Place]:
    present = [colour for colour in CLUE_COLOURS if colour in found.measured.colours]
    return [_place("colour", colour, _area_of(colour, found.measured, found.lesion), found.lesion) for colour in present]


def _area_of(colour: str, measured: Abcd, lesion: Mask) -> Mask:
    """Regions carry their outer outline alone: what lies within another is drawn after it."""
    canvas = np.zeros(lesion.shape, np.uint8)
    for region in sorted(measured.regions, key=lambda region: -cv2.contourArea(region.contour)):
        cv2.drawContours(canvas, [np.rint(region.contour).astype(np.int32)], -1, int(region.colour == colour), cv2.FILLED)
    return (canvas > 0) & lesion


def _place(kind: FindingKind, name: str, region: Mask, lesion: Mask) -> Place:
    """A finding with the share of the lesion that it covers, area(region) / area(lesion); `region` lies inside the lesion."""
    share = np.count_nonzero(region) / np.count_nonzero(lesion)
    return Place(Finding(kind, name, where(region, lesion), float(share)), region)


def _counted(measured: Abcd) -> list[Finding]:
    """What is counted or measured over the whole lesion and exceeds what is usual (ASYMMETRY_1, ASYMMETRY_2, BORDER, MANY_COLOURS)."""
    found = []
    across = [
        measured.asymmetry_1 is not None and measured.asymmetry_1 > ASYMMETRY_1,
        measured.asymmetry_2 is not None and measured.asymmetry_2 > ASYMMETRY_2,
    ]
    if any(across):
        found.append(Finding("asymmetry", "both_axes" if all(across) else "long_axis" if across[0] else "short_axis"))
    if measured.border_irregularity is not None and measured.border_irregularity > BORDER:
        found.append(Finding("border", "irregular"))
    if len(measured.colours) >= MANY_COLOURS:
        found.append(Finding("colours", str(len(measured.colours))))
    return found


def where(region: Mask, lesion: Mask) -> str | None:
    """In which part of the lesion most of a region lies: "upper left", "left", "centre", …, "throughout"; None for no region.

    Thirds of the lesion's extent about its centroid, by the region's centroid.
    """
    if not region.any():
        return None
    y, x = (float(axis.mean()) for axis in np.nonzero(lesion))
    ys, xs = np.nonzero(region)
    quarters = [np.mean(((ys < y) == is_upper) & ((xs < x) == is_left)) for is_upper in (True, False) for is_left in (True, False)]
    if min(quarters) >= THROUGHOUT:
        return "throughout"
    rows, columns = np.nonzero(lesion.any(axis=1))[0], np.nonzero(lesion.any(axis=0))[0]
    down, right = (ys.mean() - y) / np.ptp(rows).clip(1), (xs.mean() - x) / np.ptp(columns).clip(1)
    vertical = "upper" if down < -1 / 6 else "lower" if down > 1 / 6 else ""
    horizontal = "left" if right < -1 / 6 else "right" if right > 1 / 6 else ""
    return f"{vertical} {horizontal}".strip() or "centre"


@dataclass(frozen=True)
class _Covered:
    """Which places are covered, by their index among the findings, and where; all s×s as the classifier sees them."""

    lesion: Mask
    regions: dict[int, Mask]
    elsewhere: dict[int, Mask]
    """Of those that have one, an equal place elsewhere in the lesion."""


def _covered(lesion: Mask, named: Sequence[Place]) -> _Covered:
    regions = to_cover(named, lesion)
    others = {index: elsewhere.equal_place(region, lesion) for index, region in regions.items()}
    return _Covered(lesion, regions, {index: other for index, other in others.items() if other is not None})


def _painted(x: Tensor, covered: _Covered) -> list[Tensor]:
    """The 1×3×s×s pictures with each region, then each place elsewhere, covered."""
    return _each_covered(x, [*covered.regions.values(), *covered.elsewhere.values()], covered.lesion)


def _each_covered(x: Tensor, regions: Iterable[Mask], lesion: Mask) -> list[Tensor]:
    pixels = np.ascontiguousarray(x[0].permute(1, 2, 0).numpy())
    covered = (np.ascontiguousarray(cover(pixels, region, lesion).transpose(2, 0, 1)) for region in regions)
    return [torch.from_numpy(picture)[None] for picture in covered]


def to_cover(places: Sequence[Place], lesion: Mask) -> dict[int, Mask]:
    """Which of the places are covered, by their index, and where: s×s as the classifier sees them, as `lesion` is."""
    large = sorted(range(len(places)), key=lambda index: -np.count_nonzero(places[index].region))
    can_be_covered = [index for index in large if MIN_SHARE <= (places[index].finding.share_of_lesion or 0) <= MAX_SHARE]
    regions = {index: as_seen(places[index].region, len(lesion)) & lesion for index in can_be_covered[:MAX_COVERED]}
    return {index: region for index, region in regions.items() if region.any()}


def without(x: Tensor, regions: Iterable[Mask], lesion: Mask, model: Model) -> NDArray[np.float64]:
    """Probability of malignancy of the 1×3×s×s input with each of N regions covered by itself: N. Regions and lesion are s×s.

    The effect of a finding is p − p(covered) (Zeiler & Fergus 2014, arXiv:1311.2901).
    """
    pictures = _each_covered(x, regions, lesion)
    return classify.malignant_mass(classify.probabilities(torch.cat(pictures), model)) if pictures else np.zeros(0)


def as_seen(mask: Mask, size_px: int) -> Mask:
    """The part of a mask that the classifier sees, at its size."""
    square = imaging.centre_square(mask).astype(np.uint8)
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_AREA) > 0)


def cover(pixels: Pixels, region: Mask, lesion: Mask) -> Pixels:
    """The s×s×3 picture with `region` painted over by what surrounds it: lesion by lesion, skin by skin."""
    hidden = cv2.dilate(region.astype(np.uint8), np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)) > 0
    reach_px = REACH * float(np.sqrt(np.count_nonzero(lesion)))
    painted = pixels.copy()
    for side in (lesion, ~lesion):
        wanted, source = side & hidden, side & ~hidden
        if wanted.any() and source.any():
            painted[wanted] = _spread(pixels, source, reach_px)[wanted]
    seam = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), EDGE_PX)[..., None]
    result: Pixels = pixels + seam * (painted - pixels)
    return result


def _spread(pixels: Pixels, source: Mask, reach_px: float) -> Pixels:
    """Everywhere the mean colour of `source` near by; far from it, of all of it (normalised convolution, Knutsson & Westin 1993).

    What is so smooth is computed on a picture as much smaller as the reach allows.
    """
    side = pixels.shape[0]
    coarse = max(8, side // max(1, int(reach_px / 3)))
    weight = source.astype(np.float32)
    colours, weights = (cv2.resize(plane, (coarse, coarse), interpolation=cv2.INTER_AREA) for plane in (pixels * weight[..., None], weight))
    colours, weights = (cv2.GaussianBlur(plane, (0, 0), reach_px * coarse / side) for plane in (colours, weights))
    spread = (colours + 1e-3 * pixels[source].mean(axis=0)) / (np.asarray(weights)[..., None] + 1e-3)
    return np.asarray(cv2.resize(spread.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
