"""Drawn lesions whose outline, colours and disturbances are known: the truth behind the tests of `analysis.vision`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision.types import Mask, RgbImage

Shape = Literal["ellipse", "star", "l_shape"]
Rgb = tuple[int, int, int]

SKIN: Rgb = (219, 168, 148)
COLOURS: dict[str, Rgb] = {
    "white": (235, 228, 222),
    "red": (225, 70, 75),
    "light_brown": (180, 120, 80),
    "dark_brown": (110, 65, 40),
    "blue_grey": (95, 110, 140),
    "black": (35, 28, 28),
}
"""One clear example of each clinical colour, beside skin of colour SKIN."""


@dataclass(frozen=True)
class Drawn:
    """A picture and the truth about it."""

    image: RgbImage
    mask: Mask


def draw_lesion(
    *,
    width: int = 600,
    height: int = 450,
    shape: Shape = "ellipse",
    centre: tuple[float, float] | None = None,
    axes: tuple[float, float] | None = None,
    angle_deg: float = 20.0,
    colours: Sequence[str] = ("dark_brown",),
    skin: Rgb = SKIN,
    light: tuple[float, float, float] = (1.0, 1.0, 1.0),
    hairs: int = 0,
    dark_corners: bool = False,
    blur_px: float = 0.0,
    noise: float = 2.0,
    seed: int = 0,
) -> Drawn:
    """A lesion on skin: `axes` are its half axes in px (default 30 % and 20 % of the short side), `centre` (x, y) its middle.

    `colours` fill it in stripes of equal width across the major axis. `light` multiplies the channels, `noise` is the
    standard deviation of a Gaussian in grey levels, drawn from `seed`.
    """
    short = min(width, height)
    half_axes = axes or (0.3 * short, 0.2 * short)
    along, across = _lesion_axes(width, height, centre or ((width - 1) / 2, (height - 1) / 2), angle_deg)
    mask = _inside(shape, along / half_axes[0], across / half_axes[1])
    stripe = np.clip(((along / half_axes[0] + 1) / 2 * len(colours)).astype(np.intp), 0, len(colours) - 1)
    paint = np.array([COLOURS[name] for name in colours], np.float64)[stripe]
    picture = np.where(mask[..., None], paint, skin)
    if blur_px:
        picture = cv2.GaussianBlur(picture, (0, 0), blur_px)
    random = np.random.default_rng(seed)
    picture = _with_hairs(picture, hairs, random) * light
    if dark_corners:
        picture[_from_middle(width, height) > 0.46 * np.hypot(width, height)] = 5
    picture = picture + random.normal(0, noise, picture.shape)
    return Drawn(np.clip(np.rint(picture), 0, 255).astype(np.uint8), mask)


def disc(radius_px: float, side_px: int = 0) -> Mask:
    """A digital disc in the middle of a square frame."""
    side = side_px or int(2 * radius_px + 9)
    return np.asarray(_from_middle(side, side) <= radius_px)


def _from_middle(width: int, height: int) -> NDArray[np.float64]:
    """Every pixel's distance from the middle of the frame."""
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    return np.asarray(np.hypot(x, y[:, None]), np.float64)


def _lesion_axes(width: int, height: int, centre: tuple[float, float], angle_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every pixel's coordinates along and across the lesion, origin in its middle."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y, angle = x - centre[0], y - centre[1], np.deg2rad(angle_deg)
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _inside(shape: Shape, u: NDArray[np.float64], v: NDArray[np.float64]) -> Mask:
    """Which points (u, v), in units of the half axes, lie inside."""
    if shape == "l_shape":
        return np.asarray((np.abs(u) <= 1) & (np.abs(v) <= 1) & ~((u > 0) & (v > 0)))
    radius = np.hypot(u, v)
    waves = 0.0 if shape == "ellipse" else 0.25 * np.cos(9 * np.arctan2(v, u))
    return np.asarray(radius <= 1 + waves)


def _with_hairs(picture: NDArray[np.float64], count: int, random: np.random.Generator) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    haired = np.ascontiguousarray(picture)
    for _ in range(count):
        ends = random.uniform((0, 0), (width, height), (2, 2)).astype(int)
        cv2.line(haired, ends[0].tolist(), ends[1].tolist(), (40, 30, 25), 2)
    return haired
