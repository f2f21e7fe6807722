"""A picture that is too dark, made lighter (SPEC A9, S3 §5.3).

S3 reports better predictions after a gamma adjustment of 1.2 to 1.5 and gives no rule within that range. What is overexposed is left
alone: where a channel has reached 255 no curve brings the skin back, and S3's own proposal for reflections is a second picture, without
flash. docs/models.md says what either does to the classifier's answers.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from analysis.vision import quality
from analysis.vision.types import RgbImage

LEAST_GAMMA, MOST_GAMMA = 1.2, 1.5


def gamma_for(brightness: float | None) -> float:
    """1 for a picture that is bright enough or whose brightness is not known; else within LEAST_GAMMA and MOST_GAMMA.

    `brightness` is the figure of `Quality`: the median of the skin's brightest channel, 0–255. The gamma is that which lifts it to the
    limit of a good picture, log(brightness/255) / log(limit/255), as far as the range allows: the darker the picture, the greater.
    """
    limit = quality.LEAST_BRIGHTNESS
    if brightness is None or brightness >= limit:
        return 1.0
    if brightness < 1:
        return MOST_GAMMA
    return min(MOST_GAMMA, max(LEAST_GAMMA, math.log(brightness / 255) / math.log(limit / 255)))


def lighten(image: RgbImage, gamma: float) -> RgbImage:
    """255·(v/255)^(1/gamma) of every channel of an H×W×3 uint8 picture; `image` is left alone."""
    curve = np.rint(255 * (np.arange(256) / 255) ** (1 / gamma)).astype(np.uint8)
    return np.asarray(cv2.LUT(image, curve), dtype=np.uint8)
