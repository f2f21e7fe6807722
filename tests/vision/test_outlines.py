from __future__ import annotations

import numpy as np

from analysis.vision import outlines
from analysis.vision.types import Mask


def frame() -> Mask:
    return np.zeros((100, 120), dtype=np.bool_)


def test_the_largest_area_is_kept_and_its_holes_filled() -> None:
    mask = frame()
    mask[20:60, 20:60] = True
    mask[30:40, 30:40] = False
    mask[80:90, 80:100] = True
    outline = outlines.from_mask(mask, "nothing")
    assert outline.area_px == 40 * 40
    assert outline.mask[35, 35]
    assert not outline.mask[85, 90]
    assert outline.failure is None
    assert not outline.touches_border


def test_a_second_area_is_kept_when_it_is_plausible() -> None:
    mask = frame()
    mask[10:50, 10:50] = True
    mask[60:90, 60:90] = True
    mask[65:70, 65:70] = False
    mask[95:98, 5:20] = True
    outline = outlines.from_mask(mask, "nothing", plausible_share=0.5)
    assert outline.area_px == 40 * 40 + 30 * 30
    assert outline.mask[67, 67]
    assert outline.contour.max(axis=0).tolist() == [49, 49]
    assert outlines.from_mask(mask, "nothing", plausible_share=0.6).area_px == 40 * 40


def test_the_contour_runs_along_the_outermost_pixels() -> None:
    mask = frame()
    mask[20:60, 30:50] = True
    contour = outlines.from_mask(mask, "nothing").contour
    assert contour.min(axis=0).tolist() == [30, 20]
    assert contour.max(axis=0).tolist() == [49, 59]


def test_specks_are_nothing() -> None:
    mask = frame()
    mask[50, 50:55] = True
    outline = outlines.from_mask(mask, "Nothing was found.")
    assert outline.failure == "Nothing was found."
    assert outline.area_px == 0
    assert not outline.mask.any()
    assert outline.contour.shape == (0, 2)


def test_a_lesion_cut_by_the_frame_says_so() -> None:
    mask = frame()
    mask[0:30, 40:80] = True
    assert outlines.from_mask(mask, "nothing").touches_border
