"""A length that somebody measured in a picture, and what it says of the whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True)
class Ruler:
    """Two points on a ruler, in pixels of the upright picture, and the millimetres between them."""

    from_x_px: float
    from_y_px: float
    to_x_px: float
    to_y_px: float
    length_mm: float

    @property
    def length_px(self) -> float:
        return hypot(self.to_x_px - self.from_x_px, self.to_y_px - self.from_y_px)

    @property
    def spacing_mm(self) -> float:
        """Of one pixel; pixels of a photograph are square."""
        return self.length_mm / self.length_px


SAME_SHAPE = 0.01
"""As near as this the proportions of two frames are to each other when only rounding has parted them."""


@dataclass(frozen=True)
class Frame:
    """All that a device sees: its size in one picture and the millimetres along the longer side. A phone may be held upright."""

    width_px: int
    height_px: int
    longer_side_mm: float

    @classmethod
    def of(cls, ruler: Ruler, width_px: int, height_px: int) -> Frame:
        """Of the picture the ruler lies in."""
        return cls(width_px, height_px, ruler.spacing_mm * max(width_px, height_px))

    def has_shape_of(self, width_px: int, height_px: int) -> bool:
        """Whether a picture of this size can be the whole frame, in whichever resolution it was stored."""
        return abs(_proportion(width_px, height_px) / _proportion(self.width_px, self.height_px) - 1) <= SAME_SHAPE

    def across(self, width_px: int, height_px: int) -> Ruler:
        """From edge to edge along the longer side of a picture that shows the same frame."""
        lies = width_px >= height_px
        return Ruler(0, 0, width_px if lies else 0, 0 if lies else height_px, self.longer_side_mm)


def _proportion(width_px: int, height_px: int) -> float:
    return max(width_px, height_px) / min(width_px, height_px)
