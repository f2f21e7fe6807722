"""Registration: pictures drawn anew under a known similarity are found again; other lesions are refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.vision import register
from tests.vision.visits import mole, seen_again, similarity


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
