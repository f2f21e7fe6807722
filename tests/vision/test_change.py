"""Change between two visits: what is measured, what is noise, and what cannot be told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.vision import change, register
from analysis.vision.change import Visit
from analysis.vision.register import Registration
from tests.vision.visits import mole, seen_again, similarity


def test_nothing_has_changed_in_the_same_picture() -> None:
    picture, mask = mole(1)
    visit = Visit(picture, mask, 1.2, 0.0025)
    found = change.measure(visit, visit, Registration(np.eye(2, 3), 1.0))
    assert found.area_ratio == 1
    assert found.outline_difference == 0
    assert found.border_difference == 0
    assert found.colour_difference == pytest.approx(0, abs=1e-4)
    assert not any(found.beyond_noise.values())


def test_growth_is_told_in_square_millimetres_or_not_at_all() -> None:
    """Four times the pixels at half a pixel's size are as large as before; at the same size they are four times as large."""
    small, large = np.zeros((80, 80), dtype=np.bool_), np.zeros((80, 80), dtype=np.bool_)
    small[30:50, 30:50] = large[20:60, 20:60] = True
    skin = np.full((80, 80, 3), 150, dtype=np.uint8)
    laid = Registration(similarity(1.0, 0, (0, 0)), 1.0)
    earlier = Visit(skin, small, pixel_area_mm2=0.01)
    ratios = [change.measure(earlier, Visit(skin, large, pixel_area_mm2=area), laid).area_ratio for area in (0.0025, 0.01)]
    assert ratios == pytest.approx([1.0, 4.0])
    unknown = change.measure(earlier, Visit(skin, large), laid)
    assert unknown.area_ratio is None
    assert unknown.beyond_noise["area"] is None
    assert unknown.outline_difference == pytest.approx(0.75)


def test_a_new_dark_spot_is_hot_and_weaker_light_is_not() -> None:
    picture, mask = mole(1)
    later = (picture * 0.75).astype(np.uint8)
    cv2.circle(later, (140, 120), 12, (30, 20, 20), cv2.FILLED)
    heat = change.measure(Visit(picture, mask), Visit(later, mask), Registration(np.eye(2, 3), 1.0)).heat
    assert np.nanmean(heat[115:125, 135:145]) > 20
    assert np.nanmedian(heat[mask]) < 3
    assert np.isnan(heat[~mask]).all()


def test_what_goes_beyond_noise_is_told_and_what_stays_below_is_not() -> None:
    picture, mask = mole(1)
    laid = Registration(np.eye(2, 3), 1.0)
    for border, colour, is_beyond in ((0.2, 8, False), (0.3, 40, True)):
        later = np.clip(picture.astype(int) - colour * mask[..., None], 0, 255).astype(np.uint8)
        found = change.measure(Visit(picture, mask, 1.2, 0.01), Visit(later, mask, 1.2 + border, 0.01), laid)
        assert (found.beyond_noise["border"], found.beyond_noise["colour"]) == (is_beyond, is_beyond)
        larger = change.measure(Visit(picture, mask, None, 0.01), Visit(picture, mask, None, 0.0144 if is_beyond else 0.0121), laid)
        assert larger.beyond_noise["area"] == is_beyond
    moved = np.roll(mask, 40, axis=1)
    assert change.measure(Visit(picture, mask), Visit(picture, moved), laid).beyond_noise["outline"]


def test_the_area_of_a_lesion_that_the_frame_cuts_is_not_compared() -> None:
    picture, mask = mole(1)
    cut = Registration(np.array([[1.0, 0.0, -100.0], [0.0, 1.0, 0.0]]), 1.0)
    later = Visit(picture[:, 100:].copy(), mask[:, 100:].copy(), pixel_area_mm2=0.01)
    found = change.measure(Visit(picture, mask, pixel_area_mm2=0.01), later, cut)
    assert found.area_ratio is None
    assert found.colour_difference == pytest.approx(0, abs=0.1), "nothing has changed but the frame"


def test_a_refused_registration_measures_nothing() -> None:
    picture, mask = mole(1)
    with pytest.raises(ValueError, match="not laid over"):
        change.measure(Visit(picture, mask), Visit(picture, mask), Registration(None, 0.1, register.UNSURE))


def test_an_empty_outline_measures_nothing() -> None:
    picture, mask = mole(1)
    with pytest.raises(ValueError, match="need an outline"):
        change.measure(Visit(picture, mask), Visit(picture, np.zeros_like(mask)), Registration(np.eye(2, 3), 1.0))


def test_two_visits_are_laid_over_one_another_and_compared() -> None:
    """Turned, moved and darker, otherwise the same: the earlier picture then lies on the later one, and nothing is beyond noise."""
    picture, mask = mole(1)
    later, inside = seen_again(picture, mask, similarity(1.1, 40.0, (6, -4)))
    found = change.compare(Visit(picture, mask, 1.2), Visit((later * 0.8).astype(np.uint8), inside, 1.2))
    assert found.failure is None
    assert found.change is not None
    assert found.change.beyond_noise == {"area": None, "outline": False, "border": False, "colour": False}
    assert found.earlier_seen is not None
    assert found.earlier_seen.shape == (*later.shape[:2], 4)
    assert found.earlier_seen.dtype == np.uint8
    off = np.abs(found.earlier_seen[..., :3].astype(int) - later)[inside & (found.earlier_seen[..., 3] > 0)]
    assert off.mean() < 8, "grey levels"


def test_large_pictures_are_compared_at_working_size_and_areas_stay_what_they_are() -> None:
    picture, mask = mole(1)
    size = (2000, 2000)
    large = Visit(cv2.resize(picture, size).astype(np.uint8), cv2.resize(mask.astype(np.uint8), size) > 0, None, 0.01 * (256 / 2000) ** 2)
    found = change.compare(Visit(picture, mask, None, 0.01), large)
    assert found.change is not None
    assert found.change.heat.shape == (change.WORKING_PX, change.WORKING_PX)
    assert found.change.area_ratio == pytest.approx(1.0, abs=0.03)


def test_another_lesion_is_refused_with_a_sentence() -> None:
    found = change.compare(Visit(*mole(1)), Visit(*mole(11)))
    assert (found.change, found.earlier_seen, found.failure) == (None, None, register.UNSURE)
