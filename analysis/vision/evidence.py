"""Named findings instead of a picture (SPEC A8): what was found, where, and how the malignancy changes without it.

A finding with a place is covered with what lies around it, on its own side of the outline, and the classifier is asked again (occlusion,
Zeiler & Fergus 2014, arXiv:1311.2901, with the surroundings in place of a grey square, which no skin shows). That says what the place
does to this answer; it does not say that the finding is the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.vision import classify, imaging
from analysis.vision.types import Abcd, Certainty, Finding, FindingKind, Heatmap, Mask, Structure
from analysis.vision.weights import Model

CLUE_COLOURS = ("white", "red", "blue_grey", "black")
"""Brown is the colour of nearly every lesion and no finding."""
ASYMMETRY_1, ASYMMETRY_2, BORDER = 0.152, 0.156, 1.315
"""What nine of ten naevi do not exceed, of 2,969 of `train`; 17 %, 19 % and 20 % of 575 melanomas do."""
MANY_COLOURS = 3
"""As many and more: 14 % of those naevi, 24 % of the melanomas."""
WORKING_PX = 512
"""Of the longer side at most, where places are looked at."""
MAX_COVERED = 4
"""Places that are covered, the largest first: each costs a forward pass."""
MIN_SHARE, MAX_SHARE = 0.01, 0.7
"""Of the lesion. A speck cannot matter; of a finding that is nearly all of the lesion nothing is left to cover it with."""
MARGIN_PX, EDGE_PX = 2, 1.5
"""At the classifier's size: what is covered beyond the place, and the Gaussian width of the seam."""
LEAST_EFFECT = 0.01
HOT = 0.5
"""Of the hottest point: so much of the heat map is taken for a place."""
REACH = 0.2
"""Gaussian width, in square roots of the lesion's area, over which surroundings are spread into the place."""
THROUGHOUT = 0.12
"""A place with at least this share of its area in each quarter around the lesion's centre is no side of it."""

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class _Place:
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
    heatmap: Heatmap
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
    small = _shrunk(found) if has_lesion else found
    places = [*_structures(small), *_colours(small), *_hottest(small)] if has_lesion else []
    covered = _covered(x, small.lesion, places, model.card.input_px)
    asked = covered | {len(places) + index: picture.x for index, picture in enumerate(altered)}
    findings = [*(place.finding for place in places), *(Finding(picture.kind, picture.name) for picture in altered)]
    weighed = sorted(_weighed(findings, asked, found, model), key=lambda finding: -abs(finding.effect or 0.0))
    return (*weighed, *(_counted(found.measured) if has_lesion else ()))


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
        heatmap=replace(found.heatmap, signed=np.asarray(cv2.resize(found.heatmap.signed, size, interpolation=cv2.INTER_AREA))),
    )


def _resized(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def _structures(found: Found) -> list[_Place]:
    marked = {structure.name: structure.mask & found.lesion for structure in found.structures if structure.is_validated}
    return [_place("structure", name, region, found.lesion) for name, region in marked.items() if region.any()]


def _colours(found: Found) -> list[_Place]:
    present = [colour for colour in CLUE_COLOURS if colour in found.measured.colours]
    return [_place("colour", colour, _area_of(colour, found.measured, found.lesion), found.lesion) for colour in present]


def _hottest(found: Found) -> list[_Place]:
    """Where the heat map is at least half as hot as it becomes inside the lesion: is that what the answer hangs on?"""
    heat = np.where(found.lesion, found.heatmap.signed, 0)
    if heat.max() <= 0:
        return []
    return [_place("heat", found.heatmap.label, heat >= HOT * heat.max(), found.lesion)]


def _area_of(colour: str, measured: Abcd, lesion: Mask) -> Mask:
    """Regions carry their outer outline alone: what lies within another is drawn after it."""
    canvas = np.zeros(lesion.shape, np.uint8)
    for region in sorted(measured.regions, key=lambda region: -cv2.contourArea(region.contour)):
        cv2.drawContours(canvas, [np.rint(region.contour).astype(np.int32)], -1, int(region.colour == colour), cv2.FILLED)
    return (canvas > 0) & lesion


def _place(kind: FindingKind, name: str, region: Mask, lesion: Mask) -> _Place:
    share = np.count_nonzero(region) / np.count_nonzero(lesion)
    return _Place(Finding(kind, name, where(region, lesion), float(share)), region)


def _counted(measured: Abcd) -> list[Finding]:
    """What is counted or measured over the whole lesion and exceeds what is usual."""
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


def _weighed(findings: list[Finding], asked: dict[int, Tensor], found: Found, model: Model) -> list[Finding]:
    """The findings, those with a 1×3×s×s picture to ask about with its effect."""
    if not asked:
        return findings
    answers = classify.malignant_mass(classify.probabilities(torch.cat(list(asked.values())), model))
    for index, p in zip(asked, answers, strict=True):
        effect = found.p_malignant - float(p)
        findings[index] = replace(findings[index], effect=effect, is_clear=abs(effect) >= found.chance)
    return findings


def _covered(x: Tensor, lesion: Mask, places: list[_Place], size_px: int) -> dict[int, Tensor]:
    """The picture with each place covered, for those that can be: index of the place → 1×3×s×s."""
    small = _as_seen(lesion, size_px)
    large = sorted(range(len(places)), key=lambda index: -np.count_nonzero(places[index].region))
    can_be_covered = [index for index in large if MIN_SHARE <= (places[index].finding.share_of_lesion or 0) <= MAX_SHARE]
    regions = {index: _as_seen(places[index].region, size_px) & small for index in can_be_covered[:MAX_COVERED]}
    regions = {index: region for index, region in regions.items() if region.any()}
    pixels = np.ascontiguousarray(x[0].permute(1, 2, 0).numpy())
    return {index: torch.from_numpy(cover(pixels, region, small)).permute(2, 0, 1)[None] for index, region in regions.items()}


def _as_seen(mask: Mask, size_px: int) -> Mask:
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
    """Everywhere the mean colour of `source` near by; far from it, of all of it (normalised convolution, Knutsson & Westin 1993)."""
    weight = source.astype(np.float32)
    everywhere = pixels[source].mean(axis=0)
    colours = cv2.GaussianBlur(pixels * weight[..., None], (0, 0), reach_px)
    weights = cv2.GaussianBlur(weight, (0, 0), reach_px)[..., None]
    result: Pixels = ((colours + 1e-3 * everywhere) / (weights + 1e-3)).astype(np.float32)
    return result
