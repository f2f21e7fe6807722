"""The lesion that is unlike the others: computed by hand, and what must hold whatever the figures are."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.odd_one_out import FLOORS, LEAST, ODD_FROM, Oddness, compare

Figures = dict[str, float | None]

LESION = st.fixed_dictionaries(
    {
        "asymmetry": st.none() | st.integers(0, 100),
        "border": st.none() | st.integers(1, 40),
        "colours": st.none() | st.integers(0, 6),
        "diameter_mm": st.none() | st.integers(1, 60),
        "p_malignant": st.none() | st.integers(0, 100),
    }
)
"""Whole numbers, so that adding to them is exact."""
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATIENT = st.lists(LESION, min_size=0, max_size=9).map(lambda lesions: dict(enumerate(lesions)))


def odd_ones(found: dict[int, Oddness]) -> list[int]:
    return [key for key, oddness in found.items() if oddness.is_odd_one_out]


def test_computed_by_hand() -> None:
    """Diameters 4, 5, 5, 6, 12: median 5, deviations 1, 0, 0, 1, 7, MAD 1, scale 1.4826. The last: 7/1.4826 = 4.7214."""
    found = compare({key: {"diameter_mm": mm} for key, mm in enumerate([4.0, 5.0, 5.0, 6.0, 12.0])})
    assert [round(oddness.distance, 4) for oddness in found.values()] == [0.6745, 0.0, 0.0, 0.6745, 4.7214]
    assert odd_ones(found) == [4]
    (difference,) = found[4].differences
    assert (difference.figure, round(difference.z, 4)) == ("diameter_mm", 4.7214)


def test_lesions_nearly_alike_are_measured_by_the_floor() -> None:
    """Diameters 5, 5, 5, 5, 8: MAD 0, so the floor of 1 mm counts: 3. Not odd. With 9 it is 4: odd."""
    alike = {key: {"diameter_mm": 5.0} for key in range(4)}
    assert compare(alike | {4: {"diameter_mm": 8.0}})[4].distance == 3
    assert odd_ones(compare(alike | {4: {"diameter_mm": 8.0}})) == []
    assert odd_ones(compare(alike | {4: {"diameter_mm": 9.0}})) == [4]


def test_distances_of_all_figures_are_added_and_the_largest_difference_is_named_first() -> None:
    plain: Figures = {"diameter_mm": 5.0, "colours": 2, "p_malignant": 0.1}
    unlike: Figures = {"diameter_mm": 9.0, "colours": 5, "p_malignant": 0.9}
    found = compare({0: plain, 1: plain, 2: plain, 3: plain, 4: unlike})[4]
    assert found.distance == pytest.approx(4 / 1 + 3 / 0.75 + 0.8 / 0.1)
    assert found.differences[0].figure == "p_malignant"
    assert {difference.figure for difference in found.differences} == {"p_malignant", "diameter_mm", "colours"}


def test_smaller_is_as_unlike_as_larger() -> None:
    found = compare({key: {"diameter_mm": mm} for key, mm in enumerate([9.0, 9.0, 9.0, 9.0, 3.0])})
    assert odd_ones(found) == [4]
    assert found[4].differences[0].z == -6


@pytest.mark.parametrize("count", range(LEAST))
def test_fewer_than_four_are_not_compared(count: int) -> None:
    assert compare({key: {"diameter_mm": float(key * 10)} for key in range(count)}) == {}


def test_a_figure_that_three_have_is_not_compared() -> None:
    lesions: dict[int, Figures] = {key: {"colours": 2, "diameter_mm": 5.0 if key < 3 else None} for key in range(5)}
    lesions[0]["diameter_mm"] = 50.0
    assert compare(lesions)[0] == Oddness(0.0, (), is_odd_one_out=False)


def test_a_lesion_without_figures_is_not_compared() -> None:
    assert set(compare({**{key: {"colours": 2} for key in range(4)}, 4: {}, 5: {"colours": None}})) == {0, 1, 2, 3}


@unhurried
@given(PATIENT, st.integers(-50, 50))
def test_adding_the_same_to_all_changes_nothing(lesions: dict[int, Figures], constant: int) -> None:
    moved = {key: {name: None if x is None else x + constant for name, x in figures.items()} for key, figures in lesions.items()}
    assert compare(moved) == compare(lesions)


@unhurried
@given(PATIENT, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(lesions: dict[int, Figures], random: Random) -> None:
    keys = list(lesions)
    random.shuffle(keys)
    assert compare({key: lesions[key] for key in keys}) == compare(lesions)


@unhurried
@given(st.lists(LESION, min_size=3, max_size=8))
def test_a_lesion_like_the_median_is_never_odd(others: list[Figures]) -> None:
    known = {name: [x for figures in others if (x := figures[name]) is not None] for name in FLOORS}
    middle: Figures = {name: median(values) if values else None for name, values in known.items()}
    found = compare({"middle": middle, **{str(key): figures for key, figures in enumerate(others)}})
    if "middle" in found:
        assert found["middle"] == Oddness(0.0, (), is_odd_one_out=False)


@unhurried
@given(PATIENT)
def test_the_odd_one_out_has_a_reason_and_the_largest_distance_of_those_that_have_one(lesions: dict[int, Figures]) -> None:
    found = compare(lesions)
    with_reason = {key: oddness.distance for key, oddness in found.items() if oddness.differences}
    assert all(abs(difference.z) >= ODD_FROM for oddness in found.values() for difference in oddness.differences)
    assert odd_ones(found) == [key for key, distance in with_reason.items() if distance == max(with_reason.values())]
