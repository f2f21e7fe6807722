"""Where the skin that one picture shows lies in another one, as far as stored analyses have laid pictures over one another (SPEC R5).

An analysis lays its picture over that of the visit before it, or refuses to. Pictures that were never laid over one another directly may be
by way of others: both maps are similarities of the same skin, so one after the other is one too, with the errors of both. Plain arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

Row = tuple[float, float, float]
Matrix = tuple[Row, Row]
"""2×3: (x, y) of one picture → of another; see `SamePlace` for the units."""
Laid = Mapping[tuple[UUID, UUID], Matrix | None]
"""(earlier picture, later one) → where places of the one lie in the other; None where it was refused, or is not stored."""

SAME: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
LONGEST_WAY = 3
"""Pictures laid over one another in a row. By way of one other, 95 % of pairs lie within 0.016 widths of where they lie directly
(docs/performance.md, "Two visits"); errors add up."""


@dataclass(frozen=True)
class SamePlace:
    """How two pictures lie over one another."""

    matrix: Matrix
    """(x, y) of the earlier picture → of the later one, in shares of their frames: (0, 0) upper left, (1, 1) lower right."""
    between: int
    """Pictures by way of which it is known."""

    def in_widths(self, earlier_aspect: float, later_aspect: float) -> Matrix:
        """The same in widths of either picture, downwards too; an aspect is a height over its width."""
        (a, b, c), (d, e, f) = self.matrix
        return (a, b / earlier_aspect, c), (d * later_aspect, e * later_aspect / earlier_aspect, f * later_aspect)


def turned_degrees(in_widths: Matrix) -> float:
    """Clockwise, −180 to 180, of the nearest similarity: how the skin of the first picture lies in the second."""
    (a, b, _), (d, e, _) = in_widths
    return math.degrees(math.atan2(d - b, a + e))


def composed(first: Matrix, then: Matrix) -> Matrix:
    """One map after another."""
    (a, b, c), (d, e, f) = first

    def row(of: Row) -> Row:
        p, q, r = of
        return p * a + q * d, p * b + q * e, p * c + q * f + r

    return row(then[0]), row(then[1])


def inverse(matrix: Matrix) -> Matrix:
    """The way back. Pictures that were laid over one another have a size, so there is one."""
    (a, b, c), (d, e, f) = matrix
    size = a * e - b * d
    return (e / size, -b / size, (b * f - c * e) / size), (-d / size, a / size, (c * d - a * f) / size)


def find(laid: Laid, earlier: UUID, later: UUID) -> SamePlace | None:
    """Along the fewest pictures that were laid over one another, either way round; None where more than LONGEST_WAY would be needed, and
    where the very pair was tried in vain."""
    if laid.get((earlier, later), SAME) is None:
        return None
    reached = {earlier: SAME}
    for between in range(LONGEST_WAY):
        reached |= dict(_next(laid, reached))
        if later in reached:
            return SamePlace(reached[later], between)
    return None


def _next(laid: Laid, reached: Mapping[UUID, Matrix]) -> Iterator[tuple[UUID, Matrix]]:
    """Pictures that lie over one of these, and how the first lies in them."""
    for (one, other), matrix in laid.items():
        if matrix is None:
            continue
        if one in reached and other not in reached:
            yield other, composed(reached[one], matrix)
        if other in reached and one not in reached:
            yield one, composed(reached[other], inverse(matrix))
