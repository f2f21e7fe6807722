"""Equal places elsewhere in a lesion."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.vision import elsewhere
from analysis.vision.types import Mask

SIDE = 96


def box(top: int, left: int, height: int, width: int) -> Mask:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


LESION = box(16, 16, 64, 64)


@settings(max_examples=40, deadline=None)
@given(top=st.integers(16, 56), left=st.integers(16, 56), height=st.integers(6, 24), width=st.integers(6, 24))
def test_it_has_the_same_size_lies_in_the_lesion_and_off_the_finding(top: int, left: int, height: int, width: int) -> None:
    region = box(top, left, height, width) & LESION
    place = elsewhere.equal_place(region, LESION)
    assert place is not None
    assert not (place & ~LESION).any()
    assert 0.9 * region.sum() <= place.sum() <= region.sum()
    assert (place & region).sum() <= 0.25 * region.sum()


def test_of_places_that_do_not_overlap_the_farthest_is_taken() -> None:
    place = elsewhere.equal_place(box(16, 16, 16, 16), LESION)
    assert place is not None
    assert place[64:80, 64:80].mean() > 0.9


def test_a_mirrored_shape_is_taken_where_only_that_fits() -> None:
    """A triangle in one half of a square leaves the other half, upside down."""
    y, x = np.mgrid[:SIDE, :SIDE]
    lower = LESION & (y - 16 >= x - 16 + 2)
    place = elsewhere.equal_place(lower, LESION)
    assert place is not None
    assert (place & lower).sum() < 0.2 * lower.sum()


def test_nearly_the_whole_lesion_has_no_equal_place() -> None:
    assert elsewhere.equal_place(box(16, 16, 50, 64), LESION) is None


def test_the_same_masks_give_the_same_place() -> None:
    region = box(20, 30, 10, 18)
    one, other = (elsewhere.equal_place(region, LESION) for _ in range(2))
    assert one is not None
    assert other is not None
    assert np.array_equal(one, other)
