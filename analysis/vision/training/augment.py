"""Random changes of geometry and colour that leave the diagnosis unchanged. One random generator in, arrays out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray


def geometry(pixels: NDArray[np.uint8], size: int, rng: Generator, scale: tuple[float, float], shift: float) -> NDArray[np.uint8]:
    """Rotate by any angle, mirror, zoom, stretch by ±10 % and shift, in one resampling to size×size.

    A skin lesion has no up: every rotation and mirror image is as likely as the original. The frame is continued by
    reflection so that no black corners teach the network about rotation. A fourth channel (mask) is re-binarised.
    """
    matrix = _affine(pixels.shape[0], size, rng, scale, shift)
    image = cv2.warpAffine(pixels[..., :3], matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    if pixels.shape[2] == 3:
        return image.astype(np.uint8, copy=False)
    mask = cv2.warpAffine(
        np.ascontiguousarray(pixels[..., 3]), matrix, (size, size), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.dstack([image, mask]).astype(np.uint8, copy=False)


def _affine(source_px: int, size: int, rng: Generator, scale: tuple[float, float], shift: float) -> NDArray[np.float64]:
    """2×3 matrix from source to target pixels; `scale` is the share of the source's side that fills the target."""
    angle = rng.uniform(0, 2 * np.pi)
    zoom = size / source_px / np.exp(rng.uniform(np.log(scale[0]), np.log(scale[1])))
    stretch = np.exp(rng.uniform(-0.1, 0.1))
    mirror = rng.choice([-1.0, 1.0])
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = zoom * rotation @ np.diag([mirror * stretch, 1 / stretch])
    source_centre = np.full(2, (source_px - 1) / 2) + rng.uniform(-shift, shift, 2) * source_px
    offset = np.full(2, (size - 1) / 2) - linear @ source_centre
    return np.column_stack([linear, offset])


def optics(image: NDArray[np.uint8], rng: Generator, probability: float) -> NDArray[np.uint8]:
    """Now and then blur the image, or darken its corners as a dermatoscope's tube does: other lenses, other resolution."""
    if rng.random() < probability:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)).astype(np.uint8, copy=False)
    if rng.random() < probability / 2:
        image = _vignetted(image, rng)
    return image


def _vignetted(image: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    side = image.shape[0]
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    centre = rng.uniform(-0.1, 0.1, 2)
    beyond = np.hypot(x - centre[0], y - centre[1]) - rng.uniform(0.8, 1.2)
    light = 1 - np.clip(beyond / rng.uniform(0.03, 0.3), 0, 1) * rng.uniform(0.7, 1.0)
    darkened: NDArray[np.uint8] = (image * light[..., None]).astype(np.uint8)
    return darkened


def colour(image: NDArray[np.uint8], rng: Generator, strength: float) -> NDArray[np.uint8]:
    """Change brightness, contrast, gamma and the gain of each channel: other cameras, other light.

    `strength` is the half-width of each change (0.2 = ±20 %).
    """
    gain = np.exp(rng.uniform(-strength, strength, 3) * 0.4 + rng.uniform(-strength, strength))
    gamma = np.exp(rng.uniform(-strength, strength))
    contrast = np.exp(rng.uniform(-strength, strength))
    levels = np.arange(256, dtype=np.float64)[:, None] / 255
    table = ((levels**gamma - 0.5) * contrast + 0.5) * gain
    lookup = np.clip(table * 255, 0, 255).astype(np.uint8)
    changed = cv2.LUT(np.ascontiguousarray(image), lookup[None])
    return changed.astype(np.uint8, copy=False)
