"""A length that somebody measured in a picture."""

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
