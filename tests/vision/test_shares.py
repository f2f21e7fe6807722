"""Where an earlier picture lies in a later one is kept in shares of both frames: hand-computed, and found in drawn visits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.vision import change
from analysis.vision.change import Visit
from tests.vision.visits import SIDE, mole, seen_again, similarity


def test_a_quarter_turn_between_frames_of_different_shape() -> None:
    """200×100 → 300×400 pixels: from the corner x right and y down becomes 250 − 2y right and 2x down. Of pixel centres, half a pixel
    further in both frames, that is 248.5 − 2y and 2x + 0.5; of shares 5/6 − 2/3 v and u."""
    matrix = np.array([[0.0, -2.0, 248.5], [2.0, 0.0, 0.5]])
    found = np.array(change.in_shares(matrix, (100, 200), (400, 300)))
    assert found == pytest.approx(np.array([[0, -2 / 3, 5 / 6], [1, 0, 0]]))
    assert found @ [0.25, 0.25, 1] == pytest.approx([2 / 3, 0.25])


def test_the_same_frame_twice_is_left_where_it_is() -> None:
    assert np.array(change.in_shares(np.eye(2, 3), (90, 160), (90, 160))) == pytest.approx(np.eye(2, 3))


@pytest.mark.parametrize("side", [SIDE, 2000])
def test_the_place_of_a_visit_does_not_depend_on_the_size_of_its_picture(side: int) -> None:
    """Pictures above the working size are made smaller before they are compared; shares stay what they are."""
    picture, mask = mole(1)
    truth = similarity(1.1, 40.0, (6, -4))  # later → earlier, in pixels of 256
    later, inside = seen_again(picture, mask, truth)
    large = np.asarray(cv2.resize(later, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    outline = cv2.resize(inside.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST) > 0
    found = change.compare(Visit(picture, mask), Visit(large, np.asarray(outline)))
    assert found.matrix is not None
    there = np.array([[100.0, 110.0], [150.0, 120.0], [130.0, 160.0]])
    here = there @ truth[:, :2].T + truth[:, 2]
    shares = (here + 0.5) / SIDE @ np.array(found.matrix)[:, :2].T + np.array(found.matrix)[:, 2]
    assert np.abs(shares - (there + 0.5) / SIDE).max() < 0.01


def test_a_refusal_keeps_no_place() -> None:
    assert change.compare(Visit(*mole(1)), Visit(*mole(11))).matrix is None
