"""Draws pictures that look like dermoscopic photographs of skin lesions. They show nobody: every stroke is computed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float32]
"""H×W, or H×W×3 for colours in 0…255."""
Rgb: TypeAlias = tuple[int, int, int]

WIDTH_PX, HEIGHT_PX = 900, 675
SKIN: tuple[Rgb, ...] = ((236, 196, 176), (226, 178, 152), (208, 158, 128))
BLUE_GREY, BLACK, WHITE, RED = (104, 112, 128), (38, 28, 28), (232, 214, 206), (188, 72, 66)


@dataclass(frozen=True)
class Look:
    """What a kind of lesion looks like. Shares are of the lesion's area, roughly."""

    body: Rgb
    rim: Rgb
    irregularity: float = 0.05
    edge_px: float = 14.0
    network: float = 0.0
    globules: int = 0
    patches: tuple[tuple[Rgb, float], ...] = ()
    size: float = 0.30


LOOKS: dict[str, Look] = {
    "naevus": Look((128, 82, 56), (172, 122, 90), network=0.55),
    "globular naevus": Look((142, 92, 62), (178, 126, 92), globules=70, size=0.24),
    "irregular": Look((82, 52, 42), (140, 92, 66), 0.16, 8.0, 0.6, 40, ((BLUE_GREY, 0.18), (BLACK, 0.14), (WHITE, 0.06)), 0.36),
    "waxy": Look((150, 110, 76), (160, 118, 84), 0.10, 4.0, globules=45, patches=(((96, 66, 46), 0.2), (WHITE, 0.08)), size=0.33),
    "pearly": Look((222, 158, 146), (226, 170, 152), 0.08, 22.0, patches=((RED, 0.12), (BLUE_GREY, 0.06), (WHITE, 0.12)), size=0.26),
    "vascular": Look((150, 40, 62), (190, 72, 92), 0.08, 8.0, globules=25, size=0.2),
}


def draw(look: str, seed: int, grown: float = 1.0) -> NDArray[np.uint8]:
    """HEIGHT_PX×WIDTH_PX×3 uint8; the same look and seed always give the same picture, of a lesion `grown` times as long."""
    rng = np.random.default_rng(seed)
    kind = replace(LOOKS[look], size=LOOKS[look].size * grown)
    inside = _outline(kind, rng)
    picture = _skin(rng)
    picture = _blend(picture, _colours(kind, rng), inside)
    picture *= 1 - 0.35 * (_dots(kind.globules, inside, rng))[..., None]
    picture = _hairs(picture, int(rng.integers(0, 4)), rng)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.1) * _vignette()[..., None]
    picture += rng.normal(0, 2.2, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def draw_again(look: str, seed: int, visit: int) -> NDArray[np.uint8]:
    """The same lesion at a later visit: held otherwise, in other light, and grown where it looks like a melanoma."""
    if not visit:
        return draw(look, seed)
    grown = 1 + (0.15 if look == "irregular" else 0.0) * visit
    return held_otherwise(draw(look, seed, grown), np.random.default_rng([seed, visit]))


def held_otherwise(drawn: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """The same picture as if it had been taken again: turned, shifted, a little nearer or further, in other light."""
    height_px, width_px = drawn.shape[:2]
    matrix = np.asarray(cv2.getRotationMatrix2D((width_px / 2, height_px / 2), rng.uniform(-25, 25), rng.uniform(0.95, 1.05)))
    matrix[:, 2] = matrix[:, 2] + rng.uniform(-15, 15, 2)
    turned = cv2.warpAffine(drawn, matrix, (width_px, height_px), borderMode=cv2.BORDER_REFLECT)
    picture = np.asarray(turned) * rng.uniform(0.88, 1.08)
    return np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)


def _outline(kind: Look, rng: Generator) -> Field:
    """1 inside, 0 outside, with a soft rim: a circle whose radius swings in a few harmonics, stretched and turned."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.72, 0.95)
    across, down = x - WIDTH_PX / 2 + rng.uniform(-40, 40), y - HEIGHT_PX / 2 + rng.uniform(-30, 30)
    along, aside = across * np.cos(turn) + down * np.sin(turn), (down * np.cos(turn) - across * np.sin(turn)) / stretch
    angle = np.arctan2(aside, along)
    swing = sum(
        kind.irregularity * rng.normal() / harmonic**0.6 * np.cos(harmonic * angle + rng.uniform(0, 6.3)) for harmonic in range(2, 9)
    )
    distance = kind.size * HEIGHT_PX * (1 + swing) - np.hypot(along, aside) + 6 * (_clouds(24, rng) - 0.5)
    return np.asarray(1 / (1 + np.exp(-distance / (kind.edge_px / 2))), np.float32)


def _skin(rng: Generator) -> Field:
    """A light ground with slow changes of tone and the fine furrows of skin."""
    ground = np.ones((HEIGHT_PX, WIDTH_PX, 3), np.float32) * np.array(SKIN[rng.integers(len(SKIN))], np.float32)
    tone = 1 + 0.10 * (_clouds(200, rng) - 0.5) + 0.06 * (_clouds(30, rng) - 0.5)
    return ground * tone[..., None] * (1 - 0.06 * _cells(26, rng))[..., None]


def _colours(kind: Look, rng: Generator) -> Field:
    """The inside: body and rim mixed by clouds, patches of other colours, the pigment network on top."""
    mixed = _blend(_plain(kind.rim), _plain(kind.body), _clouds(90, rng) ** 0.7)
    for colour, share in kind.patches:
        clouds = _clouds(110, rng)
        patch = 1 / (1 + np.exp(-(clouds - np.quantile(clouds, 1 - share)) * 40))
        mixed = _blend(mixed, _plain(colour), (0.85 * patch).astype(np.float32))
    mixed *= (1 + 0.18 * (_clouds(12, rng) - 0.5))[..., None]
    return mixed * (1 - kind.network * 0.5 * _cells(17, rng))[..., None]


def _plain(colour: Rgb) -> Field:
    return np.ones((HEIGHT_PX, WIDTH_PX, 3), np.float32) * np.array(colour, np.float32)


def _blend(below: Field, above: Field, share: Field) -> Field:
    return below + (above - below) * share[..., None]


def _clouds(size_px: int, rng: Generator) -> Field:
    """Smooth noise in 0…1 whose features are about `size_px` wide."""
    small = rng.random((HEIGHT_PX // size_px + 3, WIDTH_PX // size_px + 3), np.float32)
    return np.clip(cv2.resize(small, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), 0, 1)


def _cells(size_px: int, rng: Generator) -> Field:
    """The borders between cells about `size_px` wide, 0…1: the meshes of a pigment network, or the furrows of skin."""
    seeds = np.full((HEIGHT_PX, WIDTH_PX), 255, np.uint8)
    count = HEIGHT_PX * WIDTH_PX // size_px**2
    seeds[rng.integers(0, HEIGHT_PX, count), rng.integers(0, WIDTH_PX, count)] = 0
    _, cell = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    edges = (cell != np.roll(cell, 1, 0)) | (cell != np.roll(cell, 1, 1))
    return np.asarray(np.clip(cv2.GaussianBlur(edges.astype(np.float32), (0, 0), 1.6) * 2.2, 0, 1), np.float32)


def _dots(count: int, inside: Field, rng: Generator) -> Field:
    """Globules: soft round spots, only where the lesion is."""
    spots = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    for _ in range(count):
        centre = (int(rng.normal(WIDTH_PX / 2, WIDTH_PX / 8)), int(rng.normal(HEIGHT_PX / 2, HEIGHT_PX / 7)))
        cv2.circle(spots, centre, int(rng.integers(4, 11)), 1.0, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(spots, (0, 0), 2) * inside


def _hairs(picture: Field, count: int, rng: Generator) -> Field:
    for _ in range(count):
        start, bend, end = (rng.uniform((0, 0), (WIDTH_PX, HEIGHT_PX)) for _ in range(3))
        t = np.linspace(0, 1, 40)[:, None]
        curve: Any = (start * (1 - t) ** 2 + 2 * (start + end + bend) / 3 * t * (1 - t) + end * t**2).astype(np.int32)
        cv2.polylines(picture, [curve], False, (62, 46, 40), int(rng.integers(2, 4)), cv2.LINE_AA)
    return picture


def _vignette() -> Field:
    """The dark rim of a dermatoscope's field of view, faint here so that the corners stay usable."""
    y, x = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j]
    return np.asarray(1 - 0.22 * np.clip(np.hypot(x, y) - 0.75, 0, 1) ** 1.5, np.float32)
