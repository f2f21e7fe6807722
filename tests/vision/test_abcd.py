from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.vision import abcd
from analysis.vision.types import Abcd, Mask, RgbImage
from tests.synthetic import COLOURS, SKIN, Shape, disc, draw_lesion

SHAPES: tuple[Shape, ...] = ("ellipse", "star", "l_shape")


def skin_like(mask: Mask) -> RgbImage:
    return np.where(mask[..., None], COLOURS["dark_brown"], SKIN).astype(np.uint8)


def measure_mask(mask: Mask) -> Abcd:
    return abcd.measure(skin_like(mask), mask)


def asymmetries(found: Abcd) -> list[float]:
    assert found.asymmetry_1 is not None
    assert found.asymmetry_2 is not None
    return sorted([found.asymmetry_1, found.asymmetry_2])


# --- asymmetry


@pytest.mark.parametrize("radius", [12, 20, 50, 150])
def test_a_disc_is_symmetric(radius: int) -> None:
    assert max(asymmetries(measure_mask(disc(radius)))) <= 0.02


def test_an_l_is_asymmetric_by_a_third() -> None:
    """Three quarters of a rectangle: mirrored, the missing quarter falls on a full one, a third of the lesion."""
    lesion = draw_lesion(shape="l_shape", angle_deg=0).mask
    assert asymmetries(measure_mask(lesion)) == pytest.approx([1 / 3, 1 / 3], abs=0.01)


def test_asymmetry_1_is_about_the_major_axis() -> None:
    """A long triangle: mirrored about its long axis it fits, about the short one half of it does."""
    triangle = np.zeros((200, 300), np.uint8)
    cv2.fillConvexPoly(triangle, np.array([[40, 60], [40, 140], [260, 100]]), 1)
    found = measure_mask(triangle > 0)
    assert found.asymmetry_1 is not None
    assert found.asymmetry_2 is not None
    assert found.asymmetry_1 < 0.02
    assert found.asymmetry_2 == pytest.approx(1 / 2, abs=0.02)


def border_of(lesion: Mask) -> float:
    irregularity = abcd.border_irregularity(abcd._largest_contour(lesion))
    assert irregularity is not None
    return irregularity


def shape_measures(lesion: Mask) -> tuple[list[float], float, float]:
    return sorted(abcd.shape_asymmetry(lesion)), border_of(lesion), abcd.diameters(abcd._largest_contour(lesion))[1]


@settings(max_examples=15, deadline=None)
@given(shape=st.sampled_from(SHAPES), angle=st.floats(0, 180), scale=st.floats(0.6, 1.6), mirrored=st.booleans())
def test_turning_mirroring_and_scaling_change_no_shape_measure(shape: Shape, angle: float, scale: float, mirrored: bool) -> None:
    asymmetry, border, width_px = shape_measures(draw_lesion(shape=shape, angle_deg=0, axes=(110, 70)).mask)
    moved = draw_lesion(shape=shape, angle_deg=angle, axes=(110 * scale, 70 * scale)).mask
    found = shape_measures(np.ascontiguousarray(moved[:, ::-1]) if mirrored else moved)
    assert found[0] == pytest.approx(asymmetry, abs=0.06)
    assert found[1] == pytest.approx(border, rel=0.03)
    assert found[2] == pytest.approx(width_px * scale, rel=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_little_blur_changes_little(shape: Shape) -> None:
    lesion = draw_lesion(shape=shape).mask
    blurred = cv2.GaussianBlur(lesion.astype(np.float32), (0, 0), 2) > 0.5
    assert asymmetries(measure_mask(blurred)) == pytest.approx(asymmetries(measure_mask(lesion)), abs=0.03)


def test_every_asymmetry_lies_between_0_and_1() -> None:
    """Two blobs on a thread: halving the XOR keeps even this in range (it counts each mismatch on both sides)."""
    barbell = np.zeros((300, 300), np.bool_)
    barbell[20:120, 20:24] = barbell[20:24, 20:280] = barbell[20:40, 260:280] = True
    assert 0.5 < max(asymmetries(measure_mask(barbell))) <= 1


# --- border


def test_a_square_and_an_ellipse_have_their_known_irregularity() -> None:
    square = np.zeros((300, 300), np.bool_)
    square[50:250, 50:250] = True
    assert abcd.border_irregularity(abcd._largest_contour(square)) == pytest.approx(4 / np.pi, rel=0.02)
    ellipse = draw_lesion(axes=(160, 80)).mask  # perimeter by Ramanujan: 4.8442·2·80 = 775.1
    assert abcd.border_irregularity(abcd._largest_contour(ellipse)) == pytest.approx(775.1**2 / (4 * np.pi**2 * 160 * 80), rel=0.01)


def test_a_thread_has_no_irregularity() -> None:
    """It has a length but no area: undefined, not infinite."""
    thread = np.zeros((90, 120), np.bool_)
    thread[45, 20:100] = True
    found = measure_mask(thread)
    assert found.border_irregularity is None
    assert found.scores["B"] is None
    assert found.diameter_1_px == pytest.approx(80)


def test_a_ragged_border_is_more_irregular() -> None:
    assert border_of(draw_lesion(shape="star").mask) > 2 * border_of(draw_lesion().mask)


# --- diameters


@pytest.mark.parametrize("angle", [0, 30, 45, 80])
def test_diameters_are_those_of_the_turned_rectangle(angle: float) -> None:
    found = measure_mask(draw_lesion(angle_deg=angle, axes=(120, 60)).mask)
    assert found.diameter_1_px == pytest.approx(240, abs=4)
    assert found.diameter_2_px == pytest.approx(120, abs=4)


def test_with_calibration_they_are() -> None:
    drawn = draw_lesion(angle_deg=0, axes=(100, 50))
    found = abcd.measure(drawn.image, drawn.mask, (0.03, 0.03))
    assert found.diameter_1_mm == pytest.approx(6, abs=0.1)
    assert found.scores["D1"] == pytest.approx(5, abs=0.1)


def test_rows_and_columns_may_be_spaced_differently() -> None:
    """100×50 px, but rows are three times as far apart as columns: the short side in pixels is the long one in mm."""
    drawn = draw_lesion(angle_deg=0, axes=(50, 25))
    found = abcd.measure(drawn.image, drawn.mask, (0.06, 0.02))
    assert found.diameter_1_mm == pytest.approx(3, abs=0.1)
    assert found.diameter_2_mm == pytest.approx(2, abs=0.1)


# --- colours


def test_six_colours_are_six_regions_in_their_places() -> None:
    drawn = draw_lesion(colours=abcd.COLOURS, angle_deg=0)
    found = abcd.measure(drawn.image, drawn.mask)
    assert sorted(found.colours) == sorted(abcd.COLOURS)
    assert found.scores["C"] == 10
    left_to_right = sorted(found.regions, key=lambda region: region.centroid[0])
    assert [region.colour for region in left_to_right] == list(abcd.COLOURS)
    for region in found.regions:
        assert cv2.pointPolygonTest(region.contour, region.centroid, measureDist=False) > 0


def test_white_is_found_beside_brown() -> None:
    drawn = draw_lesion(colours=("white", "dark_brown"))
    assert set(abcd.measure(drawn.image, drawn.mask).colours) == {"white", "dark_brown"}


def test_specks_below_two_per_cent_are_no_region() -> None:
    drawn = draw_lesion(noise=0)
    image = drawn.image.copy()
    cv2.circle(image, (300, 225), 10, COLOURS["black"], -1)
    assert abcd.measure(image, drawn.mask).colours == ("dark_brown",)
    cv2.circle(image, (300, 225), 22, COLOURS["black"], -1)
    assert abcd.measure(image, drawn.mask).colours == ("dark_brown", "black")


def test_a_colour_in_the_middle_is_symmetric_and_one_at_the_end_is_not() -> None:
    drawn = draw_lesion(colours=("black", "light_brown", "dark_brown", "light_brown", "light_brown"))
    found = abcd.measure(drawn.image, drawn.mask).colour_asymmetry
    assert found["dark_brown"] < 0.02
    assert found["black"] > 0.3


def test_without_skin_around_the_lesion_colours_are_taken_as_they_are() -> None:
    image = np.full((100, 100, 3), COLOURS["dark_brown"], np.uint8)
    assert abcd.measure(image, np.ones((100, 100), np.bool_)).colours == ("dark_brown",)


def test_large_pictures_are_measured_in_their_own_pixels() -> None:
    drawn = draw_lesion(width=1000, height=750, axes=(400, 260), colours=("black", "light_brown"))
    found = abcd.measure(drawn.image, drawn.mask)
    assert sum(region.area_px for region in found.regions) == pytest.approx(np.count_nonzero(drawn.mask), rel=0.03)
    x, y = np.mean([region.centroid for region in found.regions], axis=0)
    assert (x, y) == pytest.approx((499.5, 374.5), abs=4)


COLOUR_PAIRS = tuple((one, other) for one in abcd.COLOURS for other in abcd.COLOURS if one < other)


@settings(max_examples=15, deadline=None)
@given(
    colours=st.sampled_from(COLOUR_PAIRS),
    angle=st.floats(0, 180),
    scale=st.floats(0.6, 1.4),
    mirrored=st.booleans(),
    blur_px=st.floats(0, 1),
)
def test_turning_mirroring_scaling_and_a_little_blur_change_no_colour_measure(
    colours: tuple[str, str], angle: float, scale: float, mirrored: bool, blur_px: float
) -> None:
    """Two halves of one colour each. Where they meet, blur makes a third colour of two, less than a region."""
    drawn = draw_lesion(colours=colours, angle_deg=angle, axes=(150 * scale, 90 * scale), blur_px=blur_px)
    image, mask = (drawn.image[:, ::-1], drawn.mask[:, ::-1]) if mirrored else (drawn.image, drawn.mask)
    found = abcd.measure(np.ascontiguousarray(image), np.ascontiguousarray(mask))
    assert set(found.colours) == set(colours)
    for colour in colours:
        assert sum(region.area_share for region in found.regions if region.colour == colour) == pytest.approx(0.5, abs=0.05)
        assert found.colour_asymmetry[colour] == pytest.approx(4 / (3 * np.pi) / 2, abs=0.02)  # centroid of half an ellipse, over its axis


def test_a_lesion_of_specks_has_no_colour_and_no_score_for_it() -> None:
    """Where no area reaches two per cent, the number of colours is undefined, not none."""
    lesion = disc(100, 260)
    rows, columns = np.indices(lesion.shape) // 12 % 2
    tiles = np.array([COLOURS[name] for name in ("light_brown", "black", "blue_grey", "white")])
    image = tiles[2 * rows + columns]
    image = np.where(lesion[..., None], image, SKIN).astype(np.uint8)
    found = abcd.measure(image, lesion)
    assert found.colours == ()
    assert found.scores["C"] is None


# --- scores, failures


def test_scores_lie_between_0_and_10() -> None:
    star = draw_lesion(shape="star", colours=abcd.COLOURS)
    found = abcd.measure(star.image, star.mask, (0.1, 0.1)).scores
    assert list(found) == ["A1", "A2", "B", "C", "D1", "D2"]
    assert all(score is not None and 0 <= score <= 10 for score in found.values())


def test_crumbs_beside_the_lesion_do_not_count() -> None:
    drawn = draw_lesion()
    crumbs = drawn.mask.copy()
    crumbs[5:20, 5:20] = True
    assert abcd.measure(drawn.image, crumbs).diameter_1_px == abcd.measure(drawn.image, drawn.mask).diameter_1_px


def test_a_mask_of_another_size_or_a_spacing_of_zero_is_refused() -> None:
    drawn = draw_lesion(width=120, height=90)
    with pytest.raises(ValueError, match="fit together"):
        abcd.measure(drawn.image, drawn.mask[:-1])
    with pytest.raises(ValueError, match="positive"):
        abcd.measure(drawn.image, drawn.mask, (0.0, 0.1))
