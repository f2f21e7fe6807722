"""One mole at two visits, with the truth about where it lies."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision.types import Mask, RgbImage

SIDE = 256
CENTRE = np.array([SIDE / 2, SIDE / 2])


def mole(seed: int) -> tuple[RgbImage, Mask]:
    """A round lesion with a pattern of spots of its own, on skin."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), (215, 170, 150), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    cv2.ellipse(mask, (128, 128), (50, 44), 20, 0, 360, 1, cv2.FILLED)
    picture[mask > 0] = (140, 90, 65)
    for x, y, radius, shade in zip(*rng.uniform(80, 176, (2, 60)), rng.uniform(2, 7, 60), rng.uniform(0.5, 1.4, 60), strict=True):
        spot = np.zeros_like(mask)
        cv2.circle(spot, (int(x), int(y)), int(radius), 1, cv2.FILLED)
        inside = (spot & mask) > 0
        picture[inside] = np.clip(np.array([140, 90, 65]) * shade, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), dtype=np.uint8), mask > 0


def seen_again(picture: RgbImage, mask: Mask, matrix: NDArray[np.float64], side: int = SIDE) -> tuple[RgbImage, Mask]:
    """The same lesion in a later picture, whose pixels `matrix` maps to the earlier one."""
    back = cv2.invertAffineTransform(matrix)
    later = cv2.warpAffine(picture, back, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(mask.astype(np.uint8), back, (side, side), flags=cv2.INTER_NEAREST)
    return later.astype(np.uint8, copy=False), np.asarray(inside > 0)


def similarity(enlargement: float, degrees: float, shift: tuple[float, float]) -> NDArray[np.float64]:
    turn = np.radians(degrees)
    linear = enlargement * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, CENTRE + shift - linear @ CENTRE])
