"""The contour on its way, as it is shown."""

from __future__ import annotations

import cv2
import numpy as np

from analysis.vision import evolution, level_set
from tests.synthetic import draw_lesion


def test_it_runs_from_the_start_to_the_end_at_the_size_of_the_picture() -> None:
    drawn = draw_lesion(width=600, height=450)
    frames, masks = evolution.frames(drawn.image), list(level_set.evolve(drawn.image))
    assert frames[0].step == 0
    assert frames[-1].step == len(masks) - 1
    assert [frame.step for frame in frames] == sorted({frame.step for frame in frames})
    assert len(frames) <= evolution.MOST + 1
    canvas = np.zeros((450, 600), np.uint8)
    cv2.drawContours(canvas, [np.rint(contour).astype(np.int32) for contour in frames[-1].contours], -1, 1, cv2.FILLED)
    inside, truth = canvas > 0, drawn.mask
    assert (inside & truth).sum() / (inside | truth).sum() > 0.9
