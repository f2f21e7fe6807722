"""What lies between lens and lesion, drawn over real images, and frames that show it otherwise: does the outline still hold?

Each takes an H×W×3 uint8 image with its H×W mask and gives both back changed alike. One random generator decides the details.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analysis.vision.types import Mask, RgbImage

Disturbed = tuple[RgbImage, Mask]
Disturb = Callable[[RgbImage, Mask, Generator], Disturbed]
DARK_HAIR_RGB = (45, 32, 28)
CUT_SHARE = 0.25
"""Of the lesion's width or height that `cut_by_the_frame` leaves outside."""
STRETCH = 1.4


def dark_corners(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """The round field of a dermatoscope that does not fill the frame."""
    height, width = mask.shape
    y, x = np.ogrid[:height, :width]
    centre = np.array([width, height]) / 2 + rng.uniform(-0.02, 0.02, 2) * width
    beyond = np.hypot(x - centre[0], y - centre[1]) - rng.uniform(0.40, 0.44) * np.hypot(height, width)
    light = np.clip(1 - beyond / (0.03 * width), 0, 1)[..., None]
    return (image * light).astype(np.uint8), mask


def hair(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """Twelve to thirty dark hairs, each a bent line across part of the picture."""
    drawn, size = image.copy(), np.array(mask.shape[::-1])
    for _ in range(int(rng.integers(12, 31))):
        points = rng.uniform(-0.1, 1.1, (3, 2)) * size
        points[1] = points[[0, 2]].mean(axis=0) + rng.normal(0, 0.08, 2) * size
        thickness = max(1, round(float(rng.uniform(0.003, 0.007) * size.min())))
        cv2.polylines(drawn, [_bent(points)], False, DARK_HAIR_RGB, thickness, cv2.LINE_AA)
    return drawn, mask


def _bent(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """A quadratic Bézier curve through 3×2 control points, as N×2 pixels."""
    t = np.linspace(0, 1, 40)[:, None]
    curve = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
    pixels: NDArray[np.int32] = curve.round().astype(np.int32)
    return pixels


def ruler(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """A scale along one side: a line with a tick at every millimetre, a longer one at every fifth, and figures."""
    turned = rng.random() < 0.5
    drawn = np.ascontiguousarray(image.transpose(1, 0, 2) if turned else image).copy()
    length, y = drawn.shape[1], round(float(rng.uniform(0.82, 0.95) * drawn.shape[0]))
    step, tick = length / 24, max(2, drawn.shape[0] // 40)
    cv2.line(drawn, (0, y), (length, y), (20, 20, 20), 1)
    for index in range(24):
        x, long = round(step * (index + 0.5)), index % 5 == 0
        cv2.line(drawn, (x, y), (x, y - tick * (2 if long else 1)), (20, 20, 20), 1)
        if long:
            cv2.putText(drawn, str(index), (x, y + 3 * tick), cv2.FONT_HERSHEY_SIMPLEX, drawn.shape[0] / 600, (20, 20, 20), 1, cv2.LINE_AA)
    return (np.ascontiguousarray(drawn.transpose(1, 0, 2)) if turned else drawn), mask


def cut_by_the_frame(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """The frame moved so that a quarter of the lesion's width or height lies outside; unchanged where there is no lesion."""
    if not mask.any():
        return image, mask
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if rng.random() < 0.5:
        start = left + round(CUT_SHARE * width)
        return np.ascontiguousarray(image[:, start:]), np.ascontiguousarray(mask[:, start:])
    end = top + round((1 - CUT_SHARE) * height)
    return np.ascontiguousarray(image[:end]), np.ascontiguousarray(mask[:end])


def stretched(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """Two fifths wider or higher than it should be."""
    height, width = mask.shape
    size = (round(width * STRETCH), height) if rng.random() < 0.5 else (width, round(height * STRETCH))
    wide = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    return wide, np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def other_light(image: RgbImage, mask: Mask, rng: Generator) -> Disturbed:
    """Warmer or colder, and up to a third darker."""
    gains = rng.uniform(0.67, 1.0) * (1 + rng.choice([-1, 1]) * np.array([0.12, 0.0, -0.12]))
    return np.clip(image * gains, 0, 255).astype(np.uint8), mask


DISTURBANCES: dict[str, Disturb] = {
    "dark_corners": dark_corners,
    "hair": hair,
    "ruler": ruler,
    "cut_by_the_frame": cut_by_the_frame,
    "stretched": stretched,
    "other_light": other_light,
}
