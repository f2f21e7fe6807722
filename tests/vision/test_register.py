"""Registration: pictures drawn anew under a known similarity are found again; other lesions are refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.vision import change, register
from analysis.vision.register import Registration
from analysis.vision.types import Mask, RgbImage

SIDE = 256
CENTRE = np.array([SIDE / 2, SIDE / 2])


def mole(seed: int) -> tuple[RgbImage, Mask]:
    """A round lesion with a pattern of spots of its own, on skin."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), (215, 170, 150), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    cv2.ellipse(mask, (128, 128), (50, 44), 20, 0, 360, 1, cv2.FILLED)
    picture[mask > 0] = (140, 90, 65)
    for x, y, radius, shade in zip(*rng.uniform(80, 176, (2, 60)), rng.uniform(2, 7, 60), rng.uniform(0.5, 1.4, 60), strict=True):
        spot = np.zeros_like(mask)
        cv2.circle(spot, (int(x), int(y)), int(radius), 1, cv2.FILLED)
        inside = (spot & mask) > 0
        picture[inside] = np.clip(np.array([140, 90, 65]) * shade, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), dtype=np.uint8), mask > 0


def seen_again(picture: RgbImage, mask: Mask, matrix: NDArray[np.float64], side: int = SIDE) -> tuple[RgbImage, Mask]:
    """The same lesion in a later picture, whose pixels `matrix` maps to the earlier one."""
    back = cv2.invertAffineTransform(matrix)
    later = cv2.warpAffine(picture, back, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(mask.astype(np.uint8), back, (side, side), flags=cv2.INTER_NEAREST)
    return later.astype(np.uint8, copy=False), np.asarray(inside > 0)


def similarity(enlargement: float, degrees: float, shift: tuple[float, float]) -> NDArray[np.float64]:
    turn = np.radians(degrees)
    linear = enlargement * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, CENTRE + shift - linear @ CENTRE])


@pytest.mark.parametrize(("enlargement", "degrees", "shift"), [(1.0, 0.0, (0, 0)), (1.3, 75.0, (8, -5)), (0.75, -160.0, (-10, 12))])
def test_a_known_similarity_is_found_again(enlargement: float, degrees: float, shift: tuple[float, float]) -> None:
    picture, mask = mole(1)
    truth = similarity(enlargement, degrees, shift)
    later, inside = seen_again(picture, mask, truth)
    found = register.register(picture, (later * 0.8).astype(np.uint8), mask, inside)
    assert found.failure is None
    assert found.matrix is not None
    corners = np.array([[90.0, 90.0], [160.0, 100.0], [128.0, 165.0]])
    off = (found.matrix[:, :2] - truth[:, :2]) @ corners.T + (found.matrix[:, 2] - truth[:, 2])[:, None]
    assert np.abs(off).max() < 2.5, "pixels of the earlier picture"
    assert found.matrix[:, :2] == pytest.approx(truth[:, :2], abs=0.03 * enlargement)


def test_pictures_of_different_sizes_are_laid_over_one_another() -> None:
    picture, mask = mole(2)
    larger = np.asarray(cv2.resize(picture, (512, 512), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    found = register.register(picture, larger, mask, np.asarray(cv2.resize(mask.astype(np.uint8), (512, 512)) > 0))
    assert found.matrix is not None
    assert found.matrix[:, :2] == pytest.approx(np.eye(2) / 2, abs=0.01)
    assert found.matrix @ [255.5, 255.5, 1] == pytest.approx([127.5, 127.5], abs=1.5)


@pytest.mark.parametrize("other", [11, 12, 13])
def test_another_lesion_of_the_same_shape_is_refused(other: int) -> None:
    (picture, mask), (stranger, outline) = mole(1), mole(other)
    found = register.register(picture, stranger, mask, outline)
    assert found.matrix is None
    assert found.failure == register.UNSURE


def test_without_an_outline_nothing_is_laid_over_anything() -> None:
    picture, mask = mole(1)
    assert register.register(picture, picture, mask, np.zeros_like(mask)).failure == register.NO_OUTLINE


@pytest.mark.parametrize("shape", [(9, 200), (40, 40)])
def test_tiny_and_narrow_pictures_are_refused_not_fatal(shape: tuple[int, int]) -> None:
    flat, everything = np.full((*shape, 3), 120, dtype=np.uint8), np.ones(shape, dtype=np.bool_)
    assert register.register(flat, flat, everything, everything).failure == register.UNSURE


def test_nothing_has_changed_in_the_same_picture() -> None:
    picture, mask = mole(1)
    found = change.measure(
        picture, picture, mask, mask, Registration(np.eye(2, 3), 1.0), borders=(1.2, 1.2), pixel_areas_mm2=(0.0025, 0.0025)
    )
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
    ratios = [change.measure(skin, skin, small, large, laid, pixel_areas_mm2=scale).area_ratio for scale in ((0.01, 0.0025), (0.01, 0.01))]
    assert ratios == pytest.approx([1.0, 4.0])
    unknown = change.measure(skin, skin, small, large, laid)
    assert unknown.area_ratio is None
    assert unknown.beyond_noise["area"] is None
    assert unknown.outline_difference == pytest.approx(0.75)


def test_a_new_dark_spot_is_hot_and_weaker_light_is_not() -> None:
    picture, mask = mole(1)
    later = (picture * 0.75).astype(np.uint8)
    cv2.circle(later, (140, 120), 12, (30, 20, 20), cv2.FILLED)
    heat = change.measure(picture, later, mask, mask, Registration(np.eye(2, 3), 1.0)).heat
    assert np.nanmean(heat[115:125, 135:145]) > 20
    assert np.nanmedian(heat[mask]) < 3
    assert np.isnan(heat[0, 0])


def test_what_goes_beyond_noise_is_told_and_what_stays_below_is_not() -> None:
    picture, mask = mole(1)
    laid = Registration(np.eye(2, 3), 1.0)
    for border, colour, is_beyond in ((0.2, 8, False), (0.3, 40, True)):
        later = np.clip(picture.astype(int) - colour * mask[..., None], 0, 255).astype(np.uint8)
        found = change.measure(picture, later, mask, mask, laid, borders=(1.2, 1.2 + border), pixel_areas_mm2=(0.01, 0.01))
        assert (found.beyond_noise["border"], found.beyond_noise["colour"]) == (is_beyond, is_beyond)
        larger = change.measure(picture, picture, mask, mask, laid, pixel_areas_mm2=(0.01, 0.0144 if is_beyond else 0.0121))
        assert larger.beyond_noise["area"] == is_beyond
    moved = np.roll(mask, 40, axis=1)
    assert change.measure(picture, picture, mask, moved, laid).beyond_noise["outline"]


def test_the_area_of_a_lesion_that_the_frame_cuts_is_not_compared() -> None:
    picture, mask = mole(1)
    cut = Registration(np.array([[1.0, 0.0, 100.0], [0.0, 1.0, 0.0]]), 1.0)
    found = change.measure(picture, picture[:, 100:].copy(), mask, mask[:, 100:].copy(), cut, pixel_areas_mm2=(0.01, 0.01))
    assert found.area_ratio is None
    assert found.colour_difference == pytest.approx(0, abs=0.1), "nothing has changed but the frame"


def test_a_picture_that_shows_a_third_of_the_lesion_is_refused() -> None:
    """It could be matched there, and would be compared with what it does not show."""
    picture, mask = mole(1)
    later, inside = picture[:, 145:].copy(), mask[:, 145:].copy()
    assert inside.sum() < 0.4 * mask.sum()
    found = register.register(picture, later, mask, inside)
    assert (found.matrix, found.failure) == (None, register.UNSURE)


def test_a_speck_is_no_outline() -> None:
    speck = np.zeros((1200, 900), dtype=np.bool_)
    speck[600:603, 450:453] = True
    large = np.full((1200, 900, 3), 150, dtype=np.uint8)
    assert register.register(large, large, speck, speck).failure == register.NO_OUTLINE


def test_a_refused_registration_measures_nothing() -> None:
    picture, mask = mole(1)
    with pytest.raises(ValueError, match="not laid over"):
        change.measure(picture, picture, mask, mask, Registration(None, 0.1, register.UNSURE))
