"""What of a picture was analysed: the whole, and each region that somebody has marked."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.models import Analysis, Status
from analysis.regions import Region

PLACES = (("upper left", "top", "upper right"), ("left", "centre", "right"), ("lower left", "bottom", "lower right"))
"""By thirds of the picture, from its top."""


@dataclass(frozen=True)
class Part:
    """The whole picture or a region of it, and the analysis that answers for it."""

    analysis: Analysis
    name: str

    @property
    def region(self) -> Region | None:
        return self.analysis.marked

    @property
    def note(self) -> str:
        """What there is to say of an analysis without a result."""
        return "" if self.analysis.status == Status.SUCCEEDED else self.analysis.get_status_display()


def part(analysis: Analysis, width_px: int, height_px: int) -> Part:
    return Part(analysis, name_of(analysis.marked, width_px, height_px))


def name_of(region: Region | None, width_px: int, height_px: int) -> str:
    if region is None:
        return "Whole picture"
    column = 3 * (2 * region.left + region.width) // (2 * width_px)
    row = 3 * (2 * region.top + region.height) // (2 * height_px)
    return f"Region at the {PLACES[row][column]}, {region.width} × {region.height} pixels"
