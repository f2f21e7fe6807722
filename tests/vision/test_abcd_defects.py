"""The defects of the reference implementation (ABCD_REFERENCE §6), in their order: ours has none of them.

The ninth, a model chosen on test data, concerns the second opinion: tests/vision/test_second_opinion.py.
"""

from __future__ import annotations

import inspect

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.vision import abcd
from analysis.vision.types import Mask, RgbImage
from tests.synthetic import COLOURS, SKIN, Rgb, disc, draw_lesion

LIGHTS = {"plain": (1.0, 1.0, 1.0), "weak": (0.75, 0.75, 0.75), "bluish": (0.85, 0.9, 1.1)}


def painted(mask: Mask, colour: Rgb) -> RgbImage:
    return np.where(mask[..., None], colour, SKIN).astype(np.uint8)


def colours_of(colour: Rgb) -> tuple[str, ...]:
    lesion = disc(60, 200)
    return abcd.measure(painted(lesion, colour), lesion).colours


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
@pytest.mark.parametrize("colour", abcd.COLOURS)
def test_defect_1_colours_adapt_to_the_light(colour: str, light: tuple[float, float, float]) -> None:
    drawn = draw_lesion(colours=(colour,), light=light)
    assert abcd.measure(drawn.image, drawn.mask).colours == (colour,)


@pytest.mark.parametrize("level", [175, 190, 205, 220, 235, 250])
def test_defect_1_white_is_no_narrow_band_of_greys(level: int) -> None:
    """It was six levels wide."""
    assert colours_of((level, level - 5, level - 9)) == ("white",)


@pytest.mark.parametrize("red", [(225, 70, 75), (225, 75, 70), (225, 60, 85), (170, 35, 40), (170, 40, 35), (130, 12, 16), (150, 80, 95)])
def test_defect_2_reds_on_either_side_of_hue_0_are_red(red: Rgb) -> None:
    """Bright and dark, scarlet and crimson; they used to be blue-grey, above 0, or brown."""
    assert colours_of(red) == ("red",)


@pytest.mark.parametrize("brown", [(110, 65, 40), (90, 45, 30), (150, 90, 70), (170, 110, 95), (205, 150, 130)])
def test_defect_2_browns_are_not_red(brown: Rgb) -> None:
    (name,) = colours_of(brown)
    assert name in ("dark_brown", "light_brown")


def test_defect_3_every_colour_there_is_has_exactly_one_name() -> None:
    """Black lay inside dark brown, and other colours in no box at all."""
    hue, saturation, value = (axis.ravel().astype(np.uint8) for axis in np.mgrid[:256:3, :256:3, :256:3])
    names = abcd._name(hue, saturation, value)
    assert set(np.unique(names)) == set(range(1, 7))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_defect_3_every_lesion_pixel_has_exactly_one_colour(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    lesion = disc(20, 80)[10:70]
    labels = abcd.label_colours(image, lesion)
    assert set(np.unique(labels[lesion])) <= set(range(1, 7))
    assert not labels[~lesion].any()


def test_defect_4_a_channel_of_zero_inside_the_lesion_is_a_colour_like_any_other() -> None:
    """Only the mask says what is background."""
    drawn = draw_lesion(noise=0)
    found = abcd.measure(painted(drawn.mask, (110, 65, 0)), drawn.mask)
    assert found.colours == ("dark_brown",)
    assert sum(region.area_share for region in found.regions) == pytest.approx(1, abs=0.02)


def test_defect_5_the_turned_mask_is_binary_and_whole() -> None:
    """A turned mask with grey edges counts them as asymmetry; one in a frame of swapped sides is clipped."""
    lesion = draw_lesion(width=200, height=600, angle_deg=65, axes=(90, 30)).mask
    grey = lesion.view(np.uint8) * np.uint8(255)
    hull = abcd._hull(abcd._largest_contour(lesion))
    upright = abcd._upright(grey, hull, np.deg2rad(65), 180)
    assert upright.dtype == np.bool_
    assert np.count_nonzero(upright) == pytest.approx(np.count_nonzero(lesion), rel=0.01)
    assert not np.concatenate([upright[0], upright[-1], upright[:, 0], upright[:, -1]]).any()


def test_defect_6_without_calibration_nothing_is_in_millimetres() -> None:
    drawn = draw_lesion()
    found = abcd.measure(drawn.image, drawn.mask)
    assert found.diameter_1_mm is None
    assert found.diameter_2_mm is None
    assert found.scores["D1"] is None
    assert "72" not in inspect.getsource(abcd)


@pytest.mark.parametrize("radius", [8, 12, 20, 50, 150, 400])
def test_defect_7_a_digital_disc_has_irregularity_1(radius: int) -> None:
    """Stairs of pixels would make it 1.1 to 1.3."""
    assert abcd.border_irregularity(abcd._largest_contour(disc(radius))) == pytest.approx(1, abs=0.02)


def test_defect_8_colour_asymmetry_weighs_blobs_by_area() -> None:
    """Two black discs of radius 60 and 30: unweighted, their mean would lie in the middle between them."""
    lesion = disc(180, 450)
    image = painted(lesion, COLOURS["dark_brown"])
    cv2.circle(image, (145, 225), 60, COLOURS["black"], -1)
    cv2.circle(image, (325, 225), 30, COLOURS["black"], -1)
    found = abcd.measure(image, lesion)
    centroid_x = (60**2 * 145 + 30**2 * 325) / (60**2 + 30**2)
    assert found.diameter_1_px is not None
    assert found.colour_asymmetry["black"] == pytest.approx((224.5 - centroid_x) / found.diameter_1_px, abs=0.01)


@pytest.mark.parametrize("mask", [np.zeros((90, 120), np.bool_), disc(3, 120)[15:105]], ids=["empty", "tiny"])
def test_defect_10_a_failure_has_a_reason_in_words(mask: Mask) -> None:
    found = abcd.measure(painted(mask, COLOURS["dark_brown"]), mask)
    assert found.failure is not None
    assert found.failure.endswith(".")
    assert found.asymmetry_1 is found.border_irregularity is found.diameter_1_px is None
    assert not found.colours
    assert not found.regions
    assert set(found.scores.values()) == {None}
