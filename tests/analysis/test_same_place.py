"""Where the skin of one picture lies in another: by hand, by way of other pictures, and what the page says of it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analysis import selectors
from analysis.models import Analysis
from analysis.same_place import Matrix, SamePlace, composed, find, inverse, turned_degrees
from patients.models import Image, Lesion, Practice
from tests.analysis.pages import page, with_result
from tests.analysis.test_comparison import analysed, compared, picture
from tests.analysis.test_visits import STORED
from tests.factories import make_image

SPRING, SUMMER, AUTUMN, WINTER = date(2026, 3, 3), date(2026, 6, 6), date(2026, 9, 9), date(2026, 12, 12)
TURNED: Matrix = ((0.0, -2 / 3, 5 / 6), (1.0, 0.0, 0.0))
"""Of a 200×100 picture in one of 300×400: a quarter turn clockwise, twice as large in pixels (tests/vision/test_shares.py)."""
SHIFTED: Matrix = ((1.0, 0.0, 0.1), (0.0, 1.0, -0.2))
HALVED: Matrix = ((0.5, 0.0, 0.25), (0.0, 0.5, 0.25))
SKIN = "Moved together, both show the same place of the skin:"
FRAME = "Moved together, both show the same part of their frame."


def moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    (a, b, c), (d, e, f) = matrix
    return a * x + b * y + c, d * x + e * y + f


def test_in_widths_of_pictures_of_different_shape() -> None:
    """Pixel (50, 25) of 200×100 is (0.25, 0.125) widths; there it is pixel (200, 100) of 300×400, (2/3, 1/3) widths."""
    found = SamePlace(TURNED, 0).in_widths(100 / 200, 400 / 300)
    assert moved(found, 0.25, 0.125) == pytest.approx((2 / 3, 1 / 3))
    assert turned_degrees(found) == pytest.approx(90)
    (a, b, _), (d, e, _) = found
    assert (a, e) == pytest.approx((0, 0))
    assert (-b, d) == pytest.approx((4 / 3, 4 / 3)), "twice as many pixels of a picture one and a half times as wide"


def test_the_way_back_leads_back() -> None:
    there = moved(TURNED, 0.3, 0.8)
    assert moved(inverse(TURNED), *there) == pytest.approx((0.3, 0.8))
    assert moved(inverse(TURNED), 2 / 3, 0.25) == pytest.approx((0.25, 0.25))


def test_one_map_after_another() -> None:
    """(0.2, 0.4) is shifted to (0.3, 0.2), which halved about the middle is (0.4, 0.35); the other way round it is another place."""
    assert moved(composed(SHIFTED, HALVED), 0.2, 0.4) == pytest.approx((0.4, 0.35))
    assert moved(composed(HALVED, SHIFTED), 0.2, 0.4) == pytest.approx((0.45, 0.25))


def keys(count: int) -> list[UUID]:
    return [uuid4() for _ in range(count)]


def test_pictures_laid_over_a_third_lie_over_one_another() -> None:
    """Whichever way round: two pictures of one visit were both laid over that of the visit before."""
    first, one, other = keys(3)
    found = find({(first, one): SHIFTED, (first, other): HALVED}, one, other)
    assert found is not None
    assert found.between == 1
    assert moved(found.matrix, 0.3, 0.2) == pytest.approx((0.35, 0.45))


def test_the_shortest_way_is_taken_and_a_long_one_is_not() -> None:
    a, b, c, d, e = keys(5)
    chain = {(a, b): SHIFTED, (b, c): SHIFTED, (c, d): SHIFTED, (d, e): SHIFTED}
    far = find(chain, a, d)
    assert far is not None
    assert far.between == 2
    assert moved(far.matrix, 0, 1) == pytest.approx((0.3, 0.4))
    assert find(chain, a, e) is None
    assert find(chain | {(a, d): HALVED}, a, d) == SamePlace(HALVED, 0)
    assert find(chain, a, uuid4()) is None


def test_what_was_refused_is_not_gone_around() -> None:
    a, b, c = keys(3)
    assert find({(a, b): SHIFTED, (b, c): SHIFTED, (a, c): None}, a, c) is None
    assert find({(a, b): None, (b, c): SHIFTED}, a, c) is None


def laid(image: Image, over: Image, matrix: Matrix | None = SHIFTED, **fields: Any) -> Analysis:
    return with_result(analysed(image), change=STORED | {"image": str(over.pk), "matrix": matrix} | fields)


@pytest.fixture
def pictures(lesion: Lesion) -> list[Image]:
    return [picture(lesion, day) for day in (SPRING, SUMMER, AUTUMN, WINTER)]


@pytest.mark.django_db
def test_the_newest_analysis_of_a_pair_counts_and_other_pairs_stay(pictures: list[Image]) -> None:
    first, second, third, _ = pictures
    laid(third, first, HALVED)
    laid(second, first, HALVED)
    laid(third, second, HALVED)
    laid(third, second, SHIFTED)
    assert selectors.same_place(second, third) == SamePlace(SHIFTED, 0)
    assert selectors.same_place(first, third) == SamePlace(HALVED, 0)


@pytest.mark.django_db
def test_laid_over_one_another_the_viewers_are_told_where_and_the_page_says_so(ada: Client, pictures: list[Image]) -> None:
    first, second, *_ = pictures
    laid(second, first)
    content = compared(ada, first, second)
    assert SKIN in content
    assert "the later picture was laid over the earlier one." in content
    assert 'data-laid="[[1.0, 0.0, 0.1], [0.0, 1.0, -0.15' in content, "in widths: 0.2 of a height that is three quarters of the width"
    assert "Lay the later picture over the earlier one" in content
    assert FRAME not in content


@pytest.mark.django_db
def test_a_turned_picture_is_said_to_be_turned(ada: Client, pictures: list[Image]) -> None:
    first, second, *_ = pictures
    laid(second, first, TURNED)
    assert "was laid over the earlier one, and is turned to match it." in compared(ada, first, second)


@pytest.mark.django_db
def test_by_way_of_other_pictures_it_is_less_exact(ada: Client, pictures: list[Image]) -> None:
    for one, other in pairwise(pictures):
        laid(other, one)
    assert "by way of 1 other picture, which is less exact" in compared(ada, pictures[0], pictures[2])
    assert "by way of 2 other pictures, which is less exact" in compared(ada, pictures[0], pictures[3])
    assert "by way of" not in compared(ada, pictures[1], pictures[2])


@pytest.mark.django_db
def test_never_laid_over_one_another_they_share_their_frame(ada: Client, pictures: list[Image]) -> None:
    first, second, *_ = pictures
    content = compared(ada, first, second)
    assert FRAME in content
    assert "The pictures have not been laid over one another." in content
    assert "data-laid" not in content
    assert "Lay the later picture" not in content


@pytest.mark.django_db
def test_a_refused_pair_shares_its_frame_although_there_is_a_way_around(ada: Client, pictures: list[Image]) -> None:
    first, second, third, _ = pictures
    laid(second, first)
    laid(third, second)
    laid(third, first, None, failure="They show different lesions.", change=None)
    content = compared(ada, first, third)
    assert FRAME in content
    assert "could not be laid over one another with certainty" in content
    assert "data-laid" not in content


@pytest.mark.django_db
def test_laid_before_the_place_was_kept_it_says_what_to_do(ada: Client, pictures: list[Image]) -> None:
    first, second, *_ = pictures
    with_result(analysed(second), change=STORED | {"image": str(first.pk)})
    assert "analyse it again to see the same place of the skin" in compared(ada, first, second)


@pytest.mark.django_db
def test_the_place_waits_for_nobodys_impression_and_why_it_was_refused_does(ada: Client, pictures: list[Image]) -> None:
    """Where the skin lies tells nothing of what is wrong with it."""
    first, second, third, _ = pictures
    laid(second, first)
    laid(third, second, None, failure="In one of the two pictures no lesion is outlined.", change=None)
    Practice.objects.update(asks_impression=True)
    assert SKIN in compared(ada, first, second)
    content = compared(ada, second, third)
    assert FRAME in content
    assert "no lesion is outlined" not in content


@pytest.mark.django_db
def test_its_cost_does_not_grow_with_the_visits(ada: Client, lesion: Lesion, pictures: list[Image]) -> None:
    first, second, *_ = pictures
    laid(second, first)
    with CaptureQueriesContext(connection) as before:
        page(ada, "analysis:compare", first.pk, second.pk)
    for _ in range(3):
        laid(make_image(lesion), second)
    with CaptureQueriesContext(connection) as after:
        page(ada, "analysis:compare", first.pk, second.pk)
    assert len(after) == len(before)
