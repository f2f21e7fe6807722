"""A rectangle that somebody has marked on a picture: what can be analysed, and what not. The only place that knows."""

from __future__ import annotations

from math import ceil

from analysis.vision.types import Region
from patients.limits import MAX_ASPECT
from skinclinic.errors import ClinicError

__all__ = ["Region", "check", "least_px"]

MIN_SIDE_PX, MIN_SHARE = 64, 0.05
"""Of the picture's side. In less no lesion can be judged, and a finger slips by as much."""


def least_px(side_px: int) -> int:
    """How long a side of the rectangle must be at least, of a picture with this side."""
    return min(side_px, max(MIN_SIDE_PX, ceil(MIN_SHARE * side_px)))


def check(region: Region, width_px: int, height_px: int) -> None:
    """Refuse what cannot be analysed, with a sentence that says what to do."""
    left, top, width, height = region
    if min(left, top) < 0 or left + width > width_px or top + height > height_px:
        message = f"The rectangle reaches beyond the picture, which is {width_px} × {height_px} pixels. Draw it inside the picture."
        raise ClinicError("region-outside", message)
    if width < least_px(width_px) or height < least_px(height_px):
        message = f"The rectangle is too small to be judged. Mark at least {least_px(width_px)} × {least_px(height_px)} pixels."
        raise ClinicError("region-too-small", message)
    if max(width, height) > MAX_ASPECT * min(width, height):
        message = "The rectangle is a narrow strip. Draw it around the whole lesion, with a little skin on every side."
        raise ClinicError("region-strange-shape", message)
