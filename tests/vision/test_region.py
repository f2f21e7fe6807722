"""What is found in a marked region is what is found in its frame, at the place where that lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.vision import outlines, pipeline, region, weights
from analysis.vision.__main__ import MODELS_DIR
from analysis.vision.types import Mask, Occluded, Output, Region, RgbImage
from tests.integration.trained import needs_models
from tests.synthetic import SKIN, draw_lesion
from tests.vision import tiny

SIDE_PX = 168
INNER = Region(24, 24, 120, 120)
"""The marked rectangle whose frame is a picture of SIDE_PX: 1.4 times as long."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> weights.Bundle:
    return weights.load_bundle(tiny.write_models(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def image() -> RgbImage:
    return draw_lesion(width=SIDE_PX, height=SIDE_PX, colours=("dark_brown", "black")).image


def beside_another(image: RgbImage, left: int, top: int) -> RgbImage:
    """The image pasted into skin with a larger lesion beside it."""
    canvas = draw_lesion(width=700, height=400, centre=(540, 200), axes=(140, 130), colours=("blue_grey",), noise=0).image
    canvas[:, :380] = SKIN
    canvas[top : top + SIDE_PX, left : left + SIDE_PX] = image
    return canvas


def assert_same_occluded(found: Occluded | None, alone: Occluded | None, left: int, top: int) -> None:
    assert found is not None
    assert alone is not None
    assert (found.hair_share, found.ruler_share, found.was_cleared) == (alone.hair_share, alone.ruler_share, alone.was_cleared)
    if alone.was_cleared:
        assert found.painted.shape == (400, 700, 4)
        np.testing.assert_array_equal(found.painted[top : top + SIDE_PX, left : left + SIDE_PX], alone.painted)
        assert np.count_nonzero(found.painted) == np.count_nonzero(alone.painted)


def assert_same(found: Output, alone: Output, left: int, top: int) -> None:
    """The same figures; the same shapes, moved, and nothing elsewhere."""
    assert (found.width_px, found.height_px, found.frame) == (700, 400, Region(left, top, SIDE_PX, SIDE_PX))
    assert found.classification == alone.classification
    assert (found.familiarity, found.quality) == (alone.familiarity, alone.quality)
    assert_same_occluded(found.occluded, alone.occluded, left, top)
    assert (found.certainty, found.evidence, found.second_opinion) == (alone.certainty, alone.evidence, alone.second_opinion)
    assert found.lesion_share_seen == alone.lesion_share_seen
    assert replace(found.abcd, regions=()) == replace(alone.abcd, regions=())
    for one, other in zip((found.lesion, found.level_set), (alone.lesion, alone.level_set), strict=True):
        assert np.array_equal(one.contour, np.add(other.contour, (left, top)))
        assert (one.area_px, one.touches_border, one.failure) == (other.area_px, other.touches_border, other.failure)
    assert len(found.abcd.regions) == len(alone.abcd.regions)
    for region_found, region_alone in zip(found.abcd.regions, alone.abcd.regions, strict=True):
        assert region_found.centroid == (region_alone.centroid[0] + left, region_alone.centroid[1] + top)
        assert np.array_equal(region_found.contour, np.add(region_alone.contour, (left, top)))
    shapes, shapes_alone = ([o.lesion.mask, o.level_set.mask, *(s.mask for s in o.structures), o.heatmap.signed] for o in (found, alone))
    for shape, shape_alone in zip(shapes, shapes_alone, strict=True):
        assert shape.shape == (400, 700)
        assert shape.dtype == shape_alone.dtype
        assert np.array_equal(shape[top : top + SIDE_PX, left : left + SIDE_PX], shape_alone)
        assert np.count_nonzero(shape) == np.count_nonzero(shape_alone)


@pytest.mark.parametrize(("left", "top"), [(100, 90), (1, 1), (200, 231)])
def test_a_region_gives_what_its_frame_gives_as_a_picture(bundle: weights.Bundle, image: RgbImage, left: int, top: int) -> None:
    found = region.analyse(beside_another(image, left, top), INNER._replace(left=24 + left, top=24 + top), bundle)
    assert_same(found, pipeline.analyse(image, bundle, marked=INNER), left, top)


@needs_models
def test_the_marked_lesion_is_found_and_measured_as_if_it_were_alone(image: RgbImage) -> None:
    trained = weights.load_bundle(MODELS_DIR)
    found = region.analyse(beside_another(image, 60, 70), INNER._replace(left=84, top=94), trained)
    assert found.lesion.area_px > 1000
    assert_same(found, pipeline.analyse(image, trained), 60, 70)


def test_stages_are_reported_and_timed(bundle: weights.Bundle, image: RgbImage) -> None:
    seen: list[str] = []
    output = region.analyse(image, INNER, bundle, on_stage=seen.append, clock=lambda: 0.0, pixel_spacing_mm=(0.1, 0.1))
    assert tuple(seen) == tuple(output.timings_ms) == pipeline.STAGES


# --- the frame --------------------------------------------------------------------------------------------------------

SIDES = st.integers(100, 700)


@st.composite
def marked_pictures(draw: st.DrawFn) -> tuple[Region, int, int]:
    width_px, height_px = draw(SIDES), draw(SIDES)
    width, height = draw(st.integers(1, width_px)), draw(st.integers(1, height_px))
    return Region(draw(st.integers(0, width_px - width)), draw(st.integers(0, height_px - height)), width, height), width_px, height_px


def contains(outer: Region, inner: Region) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.left + inner.width <= outer.left + outer.width
        and inner.top + inner.height <= outer.top + outer.height
    )


@given(marked_pictures())
def test_the_frame_holds_the_marked_rectangle_inside_the_picture(case: tuple[Region, int, int]) -> None:
    marked, width_px, height_px = case
    frame = region.frame_around(marked, width_px, height_px)
    assert contains(frame, marked)
    assert contains(Region(0, 0, width_px, height_px), frame)


@given(marked_pictures())
def test_the_frame_is_a_square_while_the_picture_has_room_for_it(case: tuple[Region, int, int]) -> None:
    marked, width_px, height_px = case
    longer, room = max(marked.width, marked.height), min(width_px, height_px)
    assume(longer <= room)
    side = min(round(1.4 * longer), room)
    assert region.frame_around(marked, width_px, height_px)[2:] == (side, side)


def test_the_marked_rectangle_lies_in_the_middle() -> None:
    assert region.frame_around(Region(200, 200, 100, 60), 600, 450) == Region(180, 160, 140, 140)


def test_at_the_end_of_the_picture_the_frame_is_moved_and_a_large_one_has_less_margin() -> None:
    assert region.frame_around(Region(0, 390, 100, 60), 600, 450) == Region(0, 310, 140, 140)
    assert region.frame_around(Region(50, 100, 400, 100), 600, 450) == Region(25, 0, 450, 450)
    assert region.frame_around(Region(50, 100, 500, 100), 600, 450) == Region(50, 0, 500, 450)


@pytest.mark.parametrize("marked", [Region(-1, 0, 9, 9), Region(0, 92, 9, 9), Region(0, 0, 101, 9), Region(5, 5, 0, 9)])
def test_a_rectangle_outside_the_picture_is_refused(marked: Region) -> None:
    with pytest.raises(ValueError, match="does not lie in"):
        region.frame_around(marked, 100, 100)


# --- which lesion -----------------------------------------------------------------------------------------------------


def area(left: int, top: int, width: int, height: int) -> Mask:
    mask = np.zeros((100, 100), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


def test_of_several_areas_those_in_the_rectangle_belong() -> None:
    mine, other = area(20, 20, 30, 20), area(60, 20, 40, 60)
    marked = Region(15, 15, 40, 40)
    assert np.array_equal(outlines.belonging(mine | other, marked), mine)
    assert np.array_equal(outlines.belonging(mine | other, None), mine | other)


def test_what_belongs_is_not_cut_by_the_rectangle() -> None:
    mine = area(20, 20, 30, 20)
    assert np.array_equal(outlines.belonging(mine, Region(22, 15, 40, 40)), mine)


def test_of_what_has_run_together_with_a_neighbour_the_marked_part_is_kept() -> None:
    both = area(20, 20, 70, 20)
    assert np.array_equal(outlines.belonging(both, Region(15, 15, 30, 40)), area(20, 20, 25, 20))


def test_nothing_stays_nothing() -> None:
    nothing = np.zeros((100, 100), np.bool_)
    assert not outlines.belonging(nothing, Region(15, 15, 30, 40)).any()
