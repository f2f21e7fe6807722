"""Which pictures are made lighter, and by how much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.vision import light, outlines, quality
from tests.synthetic import draw_lesion

DARK = (0.4, 0.4, 0.4)
"""Of the light of a drawn lesion, whose skin then has a brightness of 88."""
brightnesses = st.floats(0, 255, allow_nan=False)


def gamma_of(shade: tuple[float, float, float]) -> float:
    drawn = draw_lesion(width=256, height=192, light=shade)
    return light.gamma_for(quality.judge(drawn.image, outlines.from_mask(drawn.mask, "nothing")).figures["brightness"])


def test_a_dark_lesion_is_lightened_and_a_well_lit_one_is_not() -> None:
    assert gamma_of(DARK) == pytest.approx(1.49, abs=0.02)
    assert gamma_of((1.0, 1.0, 1.0)) == 1


@pytest.mark.parametrize(
    ("brightness", "gamma"),
    [(None, 1.0), (255, 1.0), (125, 1.0), (124.9, 1.2), (100, 1.3129), (90, 1.4607), (80, 1.5), (1, 1.5), (0, 1.5)],
)
def test_the_gamma_is_that_which_lifts_the_skin_to_the_limit_within_what_s3_offers(brightness: float | None, gamma: float) -> None:
    """log(100/255) / log(125/255) is 1.3130: 255·(100/255)^(1/1.3130) is 125."""
    assert light.gamma_for(brightness) == pytest.approx(gamma, abs=2e-4)


@given(brightnesses, brightnesses)
def test_a_darker_picture_is_never_lightened_less(one: float, other: float) -> None:
    darker, lighter = sorted((one, other))
    assert light.gamma_for(darker) >= light.gamma_for(lighter)
    assert light.gamma_for(one) == 1 or light.LEAST_GAMMA <= light.gamma_for(one) <= light.MOST_GAMMA


def test_skin_is_lifted_to_the_limit() -> None:
    skin = np.full((2, 3, 3), 100, np.uint8)
    assert set(light.lighten(skin, light.gamma_for(100)).ravel()) == {quality.LEAST_BRIGHTNESS}


def test_black_and_white_stay_and_the_order_of_levels_is_kept() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    lighter = light.lighten(levels, light.MOST_GAMMA)
    assert (lighter[0, 0, 0], lighter[0, 255, 0]) == (0, 255)
    assert (np.diff(lighter[0, :, 0].astype(int)) >= 0).all()
    assert (lighter >= levels).all()
    assert levels[0, 7, 0] == 7, "the picture itself is left alone"
