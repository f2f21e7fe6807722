"""Pen marks and stickers: told by their colour against this picture's skin, wherever they lie beside the lesion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.vision import marks, outlines, quality
from analysis.vision.types import RgbImage
from tests.synthetic import SKIN, Rgb, draw_lesion

DRAWN = draw_lesion(width=256, height=192, seed=2)
INKS = {"violet pen": (75, 45, 130), "blue pen": (40, 60, 140), "green sticker": (40, 150, 60), "turquoise sticker": (90, 200, 200)}


def with_stripe(colour: Rgb, picture: RgbImage = DRAWN.image) -> RgbImage:
    """20 × 6 pixels of it, 0.24 % of the frame, in the upper left corner."""
    marked = picture.copy()
    cv2.rectangle(marked, (10, 10), (29, 15), colour, cv2.FILLED)
    return marked


def share(picture: RgbImage) -> float | None:
    return quality.measure(picture, DRAWN.mask)["marks_share"]


@pytest.mark.parametrize("colour", INKS.values(), ids=INKS.keys())
def test_ink_and_stickers_are_measured(colour: Rgb) -> None:
    assert share(with_stripe(colour)) == pytest.approx(120 / (256 * 192))


@pytest.mark.parametrize("colour", [SKIN, (110, 65, 40), (225, 70, 75), (35, 28, 28), (245, 240, 235)])
def test_pigment_blood_hair_and_reflections_are_no_marks(colour: Rgb) -> None:
    assert share(with_stripe(colour)) == 0


def test_a_blue_lesion_is_no_mark() -> None:
    blue = draw_lesion(width=256, height=192, colours=("blue_grey",), seed=2)
    assert quality.measure(blue.image, blue.mask)["marks_share"] == 0


def test_a_picture_that_is_violet_throughout_shows_no_marks() -> None:
    violet = draw_lesion(width=256, height=192, skin=(170, 130, 200), seed=2)
    assert share(violet.image) == 0


def test_marks_are_named_and_never_a_reason_to_take_the_picture_again() -> None:
    marked = with_stripe(INKS["violet pen"])
    cv2.rectangle(marked, (200, 10), (249, 29), INKS["violet pen"], cv2.FILLED)
    found = quality.judge(marked, outlines.from_mask(DRAWN.mask, "nothing"))
    assert any("Pen marks or stickers" in sentence for sentence in found.advice)
    rule = next(rule for rule in quality.RULES if rule.figure == "marks_share")
    assert rule.verdict(1.0) == "usable"


def test_without_skin_nothing_can_be_told() -> None:
    picture = np.full((20, 30, 3), 200, np.uint8)
    assert marks.share(picture, np.zeros((20, 30), np.bool_)) is None
