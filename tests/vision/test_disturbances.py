"""Disturbed pictures: what is changed, and that the mask follows."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.vision.training.disturbances import DISTURBANCES, cut_by_the_frame, dark_corners, hair, other_light, ruler, stretched
from tests.synthetic import draw_lesion

DRAWN = draw_lesion(width=240, height=160, seed=3)


@pytest.mark.parametrize("kind", DISTURBANCES)
def test_a_picture_is_changed_the_same_for_the_same_seed_and_stays_as_it_was(kind: str) -> None:
    before = DRAWN.image.copy()
    image, mask = DISTURBANCES[kind](DRAWN.image, DRAWN.mask, np.random.default_rng(5))
    again, _ = DISTURBANCES[kind](DRAWN.image, DRAWN.mask, np.random.default_rng(5))
    assert image.dtype == np.uint8
    assert mask.dtype == np.bool_
    assert image.shape == (*mask.shape, 3)
    assert np.array_equal(image, again)
    assert np.array_equal(DRAWN.image, before)
    assert image.shape != before.shape or not np.array_equal(image, before)


@pytest.mark.parametrize("disturb", [dark_corners, hair, ruler, other_light])
def test_what_is_drawn_over_a_picture_leaves_the_mask(disturb: object) -> None:
    _, mask = disturb(DRAWN.image, DRAWN.mask, np.random.default_rng(2))  # type: ignore[operator]
    assert np.array_equal(mask, DRAWN.mask)


def test_corners_are_black_and_the_middle_is_not_touched() -> None:
    image, _ = dark_corners(DRAWN.image, DRAWN.mask, np.random.default_rng(1))
    assert image[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert np.array_equal(image[70:90, 110:130], DRAWN.image[70:90, 110:130])


@pytest.mark.parametrize("seed", range(6))
def test_the_frame_cuts_a_quarter_of_the_lesion(seed: int) -> None:
    """A square lesion of 40 by 40: 30 by 40 remain, at the frame's edge."""
    mask = np.zeros((160, 240), dtype=np.bool_)
    mask[60:100, 80:120] = True
    image, cut = cut_by_the_frame(np.zeros((160, 240, 3), dtype=np.uint8), mask, np.random.default_rng(seed))
    assert cut.sum() == 30 * 40
    assert cut[:, 0].any() or cut[-1].any()
    assert image.shape[:2] in {(160, 150), (90, 240)}


def test_without_a_lesion_there_is_nothing_to_cut() -> None:
    image, mask = cut_by_the_frame(DRAWN.image, np.zeros_like(DRAWN.mask), np.random.default_rng(0))
    assert image is DRAWN.image
    assert not mask.any()


@pytest.mark.parametrize("seed", range(4))
def test_a_stretched_lesion_covers_the_same_share(seed: int) -> None:
    image, mask = stretched(DRAWN.image, DRAWN.mask, np.random.default_rng(seed))
    assert image.shape[:2] in {(160, 336), (224, 240)}
    assert mask.mean() == pytest.approx(DRAWN.mask.mean(), rel=0.02)
