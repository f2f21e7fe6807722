"""Which of a patient's lesions differs most from the others: the "ugly duckling" by stored figures, pure arithmetic.

A naevus that is unlike its owner's other naevi deserves a second look (Grob and Bonerandi 1998; Scope et al. 2008,
doi:10.1001/archdermatol.2007.15). For every figure the distance of a lesion from the others is a robust z, and these are summed:

    z = (x - median) / max(1.4826 MAD, floor)        MAD: median of |x - median| over the patient's lesions
    distance = sum of |z| over the figures that are known

A figure is odd from |z| = 3.5 on (Iglewicz and Hoaglin 1993). The odd one out is the lesion with an odd figure whose distance is the
largest; often there is none. The floors are about what a figure differs by between two pictures of one unchanged lesion: of the border that
is measured (docs/figures.md, "Since the visit before"), the others are conventions. Without them, lesions that are nearly alike would make
the next one odd by next to nothing.

It says "differs from this patient's other lesions". That is no diagnosis: all of them may be harmless, or all of them not.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

LEAST = 4
"""Lesions to compare: of three, two that happen to be alike make an odd one of the third."""
ODD_FROM = 3.5
MAD_TO_SD = 1.4826
"""Of values that are normally distributed."""
FLOORS = {"asymmetry": 0.03, "border": 0.14, "colours": 0.75, "diameter_mm": 1.0, "p_malignant": 0.1}
"""The figures that are compared, each with its least scale in its own unit."""


@dataclass(frozen=True)
class Difference:
    """One figure in which a lesion is unlike the others; positive: larger than theirs."""

    figure: str
    z: float


@dataclass(frozen=True)
class Oddness:
    distance: float
    differences: tuple[Difference, ...]
    """Those of |z| 3.5 or more, the largest first."""
    is_odd_one_out: bool


def compare(lesions: Mapping[K, Mapping[str, float | None]]) -> dict[K, Oddness]:
    """The oddness of every lesion that has figures; of none where fewer than four lesions have the same figure.

    A figure that is not known makes no lesion odd, and one that fewer than four lesions have is not compared.
    """
    scores = {figure: z for figure, floor in FLOORS.items() if (z := _robust_z(_known(lesions, figure), floor))}
    found = {key: {figure: z[key] for figure, z in scores.items() if key in z} for key in lesions}
    compared = {key: z for key, z in found.items() if z}
    distances = {key: sum(abs(value) for value in z.values()) for key, z in compared.items()}
    unlike = {key: _differences(z) for key, z in compared.items()}
    farthest = max((distances[key] for key in compared if unlike[key]), default=None)
    return {key: Oddness(distances[key], unlike[key], bool(unlike[key]) and distances[key] == farthest) for key in compared}


def _known(lesions: Mapping[K, Mapping[str, float | None]], figure: str) -> dict[K, float]:
    return {key: value for key, figures in lesions.items() if (value := figures.get(figure)) is not None}


def _robust_z(values: Mapping[K, float], floor: float) -> dict[K, float]:
    if len(values) < LEAST:
        return {}
    middle = median(values.values())
    scale = max(MAD_TO_SD * median(abs(value - middle) for value in values.values()), floor)
    return {key: (value - middle) / scale for key, value in values.items()}


def _differences(z: Mapping[str, float]) -> tuple[Difference, ...]:
    odd = (Difference(figure, value) for figure, value in z.items() if abs(value) >= ODD_FROM)
    return tuple(sorted(odd, key=lambda difference: -abs(difference.z)))
