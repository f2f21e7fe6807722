from __future__ import annotations

import numpy as np

from analysis.vision.explain import frame
from analysis.vision.types import SignedMap


def test_enlarging_is_bilinear_and_keeps_the_values() -> None:
    low: SignedMap = np.array([[-1, 3]], np.float32)
    enlarged = frame.enlarge(low, 4, 2)
    np.testing.assert_allclose(enlarged, [[-1, 0, 2, 3]] * 2)
    assert enlarged.dtype == np.float32


def test_a_map_lies_over_the_centred_square_and_is_zero_beside_it() -> None:
    low: SignedMap = np.array([[-1, 3]], np.float32)
    np.testing.assert_allclose(frame.over_image(low, 4, 8), [[0, 0, -1, 0, 2, 3, 0, 0]] * 4)
    np.testing.assert_allclose(frame.over_image(low, 8, 4), [[0] * 4] * 2 + [[-1, 0, 2, 3]] * 4 + [[0] * 4] * 2)


def test_the_edge_is_the_rim_of_that_square() -> None:
    """5 % of 40 pixels on each side: 40² − 36² of them."""
    edge = frame.edge(40, 60)
    assert edge.sum() == 40**2 - 36**2
    assert edge[:, 10:12].all()
    assert edge[:, 48:50].all()
    assert edge[:2, 10:50].all()
    assert not edge[:, :10].any()
    assert not edge[2:38, 12:48].any()


def test_the_edge_of_a_small_picture_is_a_pixel_wide() -> None:
    assert frame.edge(3, 3).sum() == 8
