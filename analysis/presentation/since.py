"""What has changed since an earlier visit, in the words of the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.presentation.words import percent

AREA = "Area"
NO_AREA = "not comparable: no scale, or cut by the frame"


@dataclass(frozen=True)
class Changed:
    """One row: what was compared, by how much it differs, what pictures of an unchanged lesion differ by."""

    name: str
    value: str
    usual: str
    is_beyond: bool


@dataclass(frozen=True)
class Since:
    """The panel."""

    day: date
    failure: str
    rows: tuple[Changed, ...]

    @property
    def tells_growth(self) -> bool:
        """Whether the areas could be compared: without a scale a lesion that has grown looks like one photographed from nearer."""
        return any(row.name == AREA and row.value != NO_AREA for row in self.rows)

    @property
    def beyond(self) -> str:
        """What has changed by more than is usual, in words; empty when nothing has."""
        return ", ".join(row.name.lower() for row in self.rows if row.is_beyond)


def since(stored: dict[str, Any]) -> Since:
    day, found = date.fromisoformat(stored["since"]), stored["change"]
    if not found:
        return Since(day, stored["failure"], ())
    usual, beyond = stored["usual"], found["beyond_noise"]
    told = {
        "area": (AREA, _area(found["area_ratio"]), f"−{percent(1 - 1 / (1 + usual['area']), 0)} to +{percent(usual['area'], 0)}"),
        "outline": ("Shape", f"{percent(found['outline_difference'], 0)} not shared", f"up to {percent(usual['outline'], 0)}"),
        "border": ("Border irregularity", _signed(found["border_difference"]), f"up to {usual['border']:.2f}"),
        "colour": ("Colour", _colour(found["colour_difference"]), f"up to {usual['colour']:.1f}"),
    }
    return Since(day, "", tuple(Changed(name, value, limit, bool(beyond[key])) for key, (name, value, limit) in told.items()))


def _area(ratio: float | None) -> str:
    return NO_AREA if ratio is None else f"{100 * (ratio - 1):+.0f} %"


def _signed(difference: float | None) -> str:
    return "not comparable" if difference is None else f"{round(difference, 2) + 0.0:+.2f}"  # never −0.00


def _colour(difference: float | None) -> str:
    return "not comparable" if difference is None else f"{difference:.1f} (ΔE)"
