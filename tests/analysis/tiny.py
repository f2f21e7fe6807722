"""A tiny analysis with figures anybody can check by hand: a 20×10 rectangle in a 60×40 image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.models import Kind
from analysis.presentation.progress import STAGE_WORDS
from analysis.vision.types import (
    CLASSES,
    STRUCTURES,
    Abcd,
    Certainty,
    Classification,
    ClassScore,
    ColourRegion,
    Contour,
    Familiarity,
    Finding,
    Heatmap,
    Mask,
    ModelUsed,
    Outline,
    Output,
    Quality,
    Region,
    Structure,
)

WIDTH_PX, HEIGHT_PX = 60, 40
ALONE = sorted(set(Kind) - {Kind.EARLIER, Kind.CHANGE, Kind.CLEARED, Kind.LIGHTENED})
"""The files of an analysis without an earlier visit, of a picture in good light with little hair."""
PROBABILITIES = (0.67, 0.28, 0.01, 0.01, 0.01, 0.01, 0.005, 0.005)


def rectangle() -> Contour:
    return np.array([[20, 15], [39, 15], [39, 24], [20, 24]], dtype=np.float32)


def mask() -> Mask:
    inside = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_)
    inside[15:25, 20:40] = True
    return inside


def outline(failure: str | None = None) -> Outline:
    if failure:
        empty = np.zeros((0, 2), dtype=np.float32)
        return Outline(np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_), empty, 0, touches_border=False, failure=failure)
    return Outline(mask(), rectangle(), 200, touches_border=False)


def classification(p_malignant: float = 0.7) -> Classification:
    n = len(CLASSES)
    scores = tuple(
        ClassScore(label, p, (p - 1 / n) / (1 - 1 / n) * 100, p > 1 / n) for label, p in zip(CLASSES, PROBABILITIES, strict=True)
    )
    return Classification(scores, p_malignant, 40.0, 0.4, 0.3, 0.99)


def structures() -> tuple[Structure, ...]:
    """Globules on the left half of the lesion; no other, and the negative network is not told at all."""
    left, nothing = mask(), np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_)
    left[:, 30:] = False
    return tuple(
        Structure(name, 0.9, left, True, 100, 0.5)
        if name == "globules"
        else Structure(name, 0.03, nothing, name != "negative_network", 0, 0.0)
        for name in STRUCTURES
    )


def abcd(pixel_spacing_mm: tuple[float, float] | None = None) -> Abcd:
    spacing = pixel_spacing_mm[0] if pixel_spacing_mm else None
    return Abcd(
        asymmetry_1=0.1,
        asymmetry_2=None,
        border_irregularity=1.43,
        colours=("dark_brown",),
        regions=(ColourRegion("dark_brown", 150, 0.75, (29.5, 19.5), rectangle()),),
        colour_asymmetry={"dark_brown": 0.02},
        diameter_1_px=20.0,
        diameter_2_px=10.0,
        diameter_1_mm=20 * spacing if spacing else None,
        diameter_2_mm=10 * spacing if spacing else None,
        scores={"A1": 1.0, "A2": None, "B": 2.5, "C": 1.7, "D1": 3.3, "D2": None},
    )


def heatmap() -> Heatmap:
    signed = np.where(mask(), 0.5, -0.25).astype(np.float32)
    return Heatmap("grad_cam", "MEL", signed, share_inside_lesion=1.0)


def output(pixel_spacing_mm: tuple[float, float] | None = None, level_set: Outline | None = None, unfamiliar: float = 0.2) -> Output:
    return Output(
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        classification=classification(),
        familiarity=Familiarity(unfamiliar),
        lesion=outline(),
        quality=Quality("good", (), {"sharpness_db": -3.0, "contrast": None}),
        structures=structures(),
        level_set=level_set or outline(),
        abcd=abcd(pixel_spacing_mm),
        heatmap=heatmap(),
        models=(
            ModelUsed("classification", "classification-tiny-20260101-00000000", "0" * 64, "Drawn lesions only."),
            ModelUsed("lesion", "lesion-tiny-20260101-11111111", "1" * 64, "Drawn lesions only."),
            ModelUsed("structures", "structures-tiny-20260101-22222222", "2" * 64, "Drawn lesions only."),
        ),
        timings_ms=dict.fromkeys(STAGE_WORDS, 2.0),
        certainty=Certainty((0.8, 0.6, 0.71), mirrored=0.72, enlarged=0.65, agreeing=1.0, same_diagnosis=0.8),
        evidence=(Finding("structure", "globules", "left", 0.5, 0.31, elsewhere=0.1, is_clear=True), Finding("border", "irregular")),
    )


@dataclass
class TinyAnalyser:
    """Finishes every stage at once; `before` is called with the name of each stage about to be reported."""

    before: Callable[[str], None] = lambda _stage: None
    seen: list[bytes] = field(default_factory=list)
    regions: list[Region | None] = field(default_factory=list)

    def __call__(
        self, data: bytes, *, region: Region | None, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]
    ) -> Output:
        self.seen.append(data)
        self.regions.append(region)
        for stage in STAGE_WORDS:
            self.before(stage)
            on_stage(stage)
        return replace(output(pixel_spacing_mm), frame=region)
