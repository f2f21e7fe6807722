"""Pictures a skin clinic's classifier must not judge: plain skin cut from real images, drawings and photographs of everything else.

Photographs are those that come with installed packages. Drawings cost nothing, need no licence and are the same on every machine.
Those of `FITTED` teach the detector what else there is; those of `HELD_OUT` and the photographs it never sees until it is measured,
so their figures say how it does on what nobody thought of.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.training.data import Example, Shards
from analysis.vision.types import Mask, RgbImage

SIDE_PX = 256
"""Of every drawing: the size the development data is delivered at."""
MIN_SKIN_PX = 64
"""Smaller crops are mostly blur once they are enlarged."""
MARGIN_SHARE = 0.06
"""Outlines end where pigment fades: the mask grows by this share of the image's shorter side before skin beside it is called plain."""

Draw = Callable[[np.random.Generator], RgbImage]
Colour = tuple[int, int, int]


# --- real skin


def plain_skin(example: Example, shards: Shards) -> RgbImage | None:
    """The largest square of skin beside the lesion, S×S×3; None when less than `MIN_SKIN_PX` is left."""
    image, mask = shards.image(example), shards.mask(example) > 0
    found = free_square(grown(mask) | dark(image))
    if found is None:
        return None
    top, left, side = found
    return image[top : top + side, left : left + side]


def grown(mask: Mask) -> Mask:
    """The mask with a margin of `MARGIN_SHARE`."""
    reach = 2 * int(MARGIN_SHARE * min(mask.shape)) + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0)


def dark(image: RgbImage) -> Mask:
    """Where no skin can be: the black surround of a dermatoscope's round field."""
    return np.asarray(image.max(axis=2) < 50)


def free_square(taken: Mask) -> tuple[int, int, int] | None:
    """(top, left, side) of the largest square without a taken pixel; None when its side is below `MIN_SKIN_PX`.

    The middle of the largest square is where the chessboard distance to whatever is taken, or to the frame, is largest.
    """
    free = np.pad(~taken, 1).astype(np.uint8)
    reach = cv2.distanceTransform(free, cv2.DIST_C, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(reach.argmax()), reach.shape)
    half = int(reach[y, x]) - 1
    side = 2 * half + 1
    return (int(y) - half, int(x) - half, side) if side >= MIN_SKIN_PX else None


def enlarged(crop: RgbImage) -> RgbImage:
    """The crop as it would be looked at: larger, and blurred by that."""
    return imaging.resize(crop, SIDE_PX, SIDE_PX)


def tiled(crop: RgbImage) -> RgbImage:
    """The crop continued by its mirror images: as sharp as it was, so that blur does not give it away."""
    height, width = crop.shape[:2]
    return np.asarray(np.pad(crop, ((0, max(0, SIDE_PX - height)), (0, max(0, SIDE_PX - width)), (0, 0)), mode="symmetric"))


def skin_images(examples: Sequence[Example], data_dir: Path, continued: Callable[[RgbImage], RgbImage]) -> Iterator[RgbImage]:
    """Plain skin of every example that has a mask and room beside the lesion, made whole by `enlarged` or `tiled`."""
    shards = Shards(data_dir)
    crops = (plain_skin(example, shards) for example in examples if example.mask)
    return (continued(crop) for crop in crops if crop is not None)


# --- drawings to learn from


def blank(rng: np.random.Generator) -> RgbImage:
    """One colour, or one passing into another: a covered lens, a wall, a table."""
    start, end = _paint(rng), _paint(rng)
    slope = _slope(rng) * rng.choice([0.0, 0.3, 1.0])
    return _finished(start + (end - start) * slope[..., None], rng, noise=float(rng.choice([0, 1, 4])))


def noise(rng: np.random.Generator) -> RgbImage:
    """Random fields between white noise and clouds: power falls with frequency to a power of 0 to 2, in grey or in colour."""
    fall = rng.uniform(0, 2)
    layers = [_field(rng, fall) for _ in range(3)] if rng.random() < 0.6 else [_field(rng, fall)] * 3
    return _finished(rng.uniform(60, 200, 3) + np.dstack(layers) * rng.uniform(15, 70), rng)


def leaves(rng: np.random.Generator) -> RgbImage:
    """Dead leaves: shapes of all sizes covering one another, which share the statistics of photographs (Lee et al. 2001,
    doi:10.1023/A:1011109015675; Baradad et al. 2021, arXiv:2106.05963).
    """
    picture = _canvas(_paint(rng))
    for size in np.sort(np.clip(4 / rng.power(1.5, rng.integers(20, 250)) ** 2, 4, 130))[::-1]:
        _blot(picture, rng, float(size))
    return _finished(picture.astype(np.float64), rng)


def texture(rng: np.random.Generator) -> RgbImage:
    """Cloth, wood, bricks: stripes crossing stripes on a grainy ground."""
    ground = _paint(rng) + _field(rng, 1.0)[..., None] * rng.uniform(4, 20)
    for _ in range(int(rng.integers(1, 3))):
        wave = np.sin(_slope(rng) * rng.uniform(15, 220) + _field(rng, 1.8) * rng.uniform(0, 2))
        ground = ground + (np.sign(wave) if rng.random() < 0.4 else wave)[..., None] * rng.uniform(8, 50)
    return _finished(ground, rng)


def document(rng: np.random.Generator) -> RgbImage:
    """A page of small print with a heading, rules and now and then a table, photographed somewhat askew."""
    page = _canvas(rng.uniform(215, 255, 3))
    ink = rng.uniform(0, 90, 3)
    _write(page, rng, (14, 26), float(rng.uniform(0.6, 1.0)), ink, letters=12)
    pitch, left = int(rng.integers(8, 16)), int(rng.integers(8, 30))
    for y in range(44, SIDE_PX - 8, pitch):
        if rng.random() < 0.85:
            _write(page, rng, (left, y), pitch / 40, ink, letters=int(rng.integers(20, 60)))
    if rng.random() < 0.4:
        _table(page, rng, ink)
    return _finished(_askew(page, rng, 0.15).astype(np.float64), rng, noise=3)


def room(rng: np.random.Generator) -> RgbImage:
    """Walls in perspective, a window or a door, furniture before them."""
    picture = _canvas(_paint(rng))
    far = rng.integers([60, 60], [100, 100])
    near = np.array([SIDE_PX - 1, SIDE_PX - 1])
    corners = np.array([far, [near[0] - far[0], far[1]], near - far, [far[0], near[1] - far[1]]])
    frame = np.array([[0, 0], [near[0], 0], near, [0, near[1]]])
    for side in range(4):
        other = (side + 1) % 4
        _polygon(picture, np.array([frame[side], frame[other], corners[other], corners[side]]), _paint(rng))
    for _ in range(int(rng.integers(3, 9))):
        _box(picture, rng)
    return _finished(picture.astype(np.float64), rng, noise=4)


# --- drawings to measure by


def face(rng: np.random.Generator) -> RgbImage:
    """Hair, skin, two eyes, a nose and a mouth, before a plain ground."""
    picture, skin = _canvas(_paint(rng)), np.array([225, 175, 150]) * rng.uniform(0.35, 1.05)
    x, y = (int(v) for v in rng.integers(108, 148, 2))
    width, height = int(rng.integers(48, 76)), int(rng.integers(70, 100))
    _ellipse(picture, (x, y - 20), (width + 14, height + 4), rng.uniform(10, 140, 3))
    _polygon(picture, np.array([[x - 90, 256], [x - 40, y + height - 20], [x + 40, y + height - 20], [x + 90, 256]]), _paint(rng))
    _ellipse(picture, (x, y), (width, height), skin)
    for eye in (x - width // 2 + 4, x + width // 2 - 4):
        _ellipse(picture, (eye, y - 16), (13, 7), np.array([240, 240, 238]))
        _ellipse(picture, (eye, y - 16), (6, 6), rng.uniform(20, 120, 3))
        cv2.line(picture, (eye - 14, y - 32), (eye + 14, y - 34), _rgb(skin * 0.4), 4)
    cv2.line(picture, (x, y - 8), (x + 8, y + 18), _rgb(skin * 0.75), 4)
    _ellipse(picture, (x, y + height // 2 + 4), (24, int(rng.integers(4, 14))), np.array([180, 60, 70]))
    return _finished(picture.astype(np.float64) + _slope(rng)[..., None] * 40 - 20, rng, noise=3, blur=1.5)


def car(rng: np.random.Generator) -> RgbImage:
    """A car from the side, on a street under the sky."""
    picture, paint = _canvas(rng.uniform([130, 170, 200], [200, 220, 255])), _paint(rng)
    ground = int(rng.integers(165, 195))
    picture[ground:] = _pixel(rng.uniform(60, 130) * np.ones(3))
    left, length, roof = int(rng.integers(8, 40)), int(rng.integers(170, 205)), int(rng.integers(36, 56))
    sill = ground + 14
    cabin = np.array([[0.18, -42], [0.32, -42 - roof], [0.68, -42 - roof], [0.84, -42]]) * [length, 1] + [left, sill]
    _polygon(picture, cabin, paint)
    _polygon(picture, (cabin - cabin.mean(axis=0)) * 0.78 + cabin.mean(axis=0), np.array([150, 185, 205]))
    cv2.rectangle(picture, (left, sill - 44), (left + length, sill), _rgb(paint), -1)
    for share in (0.2, 0.8):
        wheel = (int(left + share * length), sill)
        _ellipse(picture, wheel, (22, 22), np.array([25, 25, 25]))
        _ellipse(picture, wheel, (11, 11), np.array([170, 170, 175]))
    return _finished(picture.astype(np.float64) + _field(rng, 1.2)[..., None] * 6, rng, noise=3, blur=1)


def sign(rng: np.random.Generator) -> RgbImage:
    """A few large words on a coloured ground."""
    ground = _paint(rng)
    picture, ink = _canvas(ground), np.where(ground.mean() > 128, 20, 240) * np.ones(3)
    for y in range(60, 250, int(rng.integers(50, 90))):
        _write(picture, rng, (int(rng.integers(2, 30)), y), float(rng.uniform(1.2, 2.6)), ink, letters=9, thickness=4)
    return _finished(_askew(picture, rng, 0.1).astype(np.float64), rng, noise=3)


def chart(rng: np.random.Generator) -> RgbImage:
    """A screen with a bar chart or curves, axes and labels."""
    picture = _canvas(rng.choice([250.0, 235.0, 30.0]) * np.ones(3))
    ink = 255 - picture[0, 0].astype(np.float64)
    cv2.line(picture, (30, 225), (245, 225), _rgb(ink), 2)
    cv2.line(picture, (30, 15), (30, 225), _rgb(ink), 2)
    heights = rng.integers(15, 200, int(rng.integers(4, 12)))
    step = 210 // len(heights)
    points = np.array([[36 + i * step, 224 - h] for i, h in enumerate(heights)])
    if rng.random() < 0.5:
        cv2.polylines(picture, [points.astype(np.int32)], False, _rgb(_paint(rng)), 3)
    else:
        for x, y in points:
            cv2.rectangle(picture, (int(x), int(y)), (int(x) + step - 4, 224), _rgb(_paint(rng)), -1)
    _write(picture, rng, (40, 245), 0.4, ink, letters=24)
    return _finished(picture.astype(np.float64), rng)


def landscape(rng: np.random.Generator) -> RgbImage:
    """Sky, hills behind hills, a few trees."""
    picture = np.asarray(_canvas(rng.uniform([90, 140, 190], [220, 220, 255])), np.float64)
    picture += _field(rng, 1.8)[..., None] * 12
    rows = np.arange(SIDE_PX)[:, None]
    for depth in range(int(rng.integers(2, 5))):
        horizon = 90 + 40 * depth + _field(rng, 1.6)[0] * 14
        hill = rng.uniform([20, 60, 20], [130, 150, 90]) + _field(rng, 0.8)[..., None] * 12
        picture = np.where((rows > horizon)[..., None], hill, picture)
    painted = _pixel(picture)
    for _ in range(int(rng.integers(0, 6))):
        x, y = (int(v) for v in rng.integers([10, 130], [246, 230]))
        cv2.line(painted, (x, y), (x, y - 34), (80, 55, 35), 5)
        _ellipse(painted, (x, y - 46), (18, 24), rng.uniform([10, 60, 10], [80, 130, 60]))
    return _finished(painted.astype(np.float64), rng, noise=5)


PHOTOGRAPHS = {
    "skimage": [
        "data/astronaut.png",
        "data/chelsea.png",
        "data/coffee.png",
        "data/hubble_deep_field.jpg",
        "data/ihc.png",
        "data/motorcycle_left.png",
        "data/retina.jpg",
        "data/rocket.jpg",
    ],
    "sklearn": ["datasets/images/china.jpg", "datasets/images/flower.jpg"],
}
"""Package → photographs that come with it: a face, a cat, a cup, stars, stained tissue, a garage, an eye's fundus, temples."""


def photographs() -> Iterator[RgbImage]:
    """Each photograph whole, then its four quarters; none where one of the packages is not installed."""
    origins = {package: spec.origin for package in PHOTOGRAPHS if (spec := importlib.util.find_spec(package)) and spec.origin}
    if len(origins) < len(PHOTOGRAPHS):
        return
    for path in (Path(origins[package]).parent / name for package, names in PHOTOGRAPHS.items() for name in names):
        image = imaging.read(path)
        height, width = image.shape[0] // 2, image.shape[1] // 2
        yield from (image, image[:height, :width], image[:height, width:], image[height:, :width], image[height:, width:])


FITTED: dict[str, Draw] = {
    "blank": blank,
    "noise": noise,
    "leaves": leaves,
    "texture": texture,
    "document": document,
    "room": room,
}
"""Kinds the detector learns from."""
HELD_OUT: dict[str, Draw] = {"face": face, "car": car, "sign": sign, "chart": chart, "landscape": landscape}
"""Kinds it is only measured by."""


def drawn(kind: str, n: int, seed: int) -> Iterator[RgbImage]:
    """`n` different drawings of a kind, the same for the same seed."""
    draw = {**FITTED, **HELD_OUT}[kind]
    return (draw(np.random.default_rng([seed, zlib.crc32(kind.encode()), index])) for index in range(n))


# --- brushes


def _paint(rng: np.random.Generator) -> NDArray[np.float64]:
    """Any colour from grey to gaudy; one in four lies near skin, so that colour alone tells nothing."""
    if rng.random() < 0.25:
        return rng.uniform(0.3, 1.15) * np.array([215.0, 165.0, 150.0]) + rng.normal(0, 12, 3)
    grey = rng.uniform(15, 245)
    return grey + rng.random() * (rng.uniform(15, 245, 3) - grey)


def _canvas(colour: NDArray[np.float64]) -> RgbImage:
    return np.full((SIDE_PX, SIDE_PX, 3), _pixel(colour), np.uint8)


def _pixel(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def _rgb(colour: NDArray[np.float64]) -> Colour:
    red, green, blue = (int(value) for value in _pixel(colour))
    return red, green, blue


def _finished(picture: NDArray[np.float64], rng: np.random.Generator, *, noise: float = 2.0, blur: float = 0.6) -> RgbImage:
    """As a camera would give it: a little soft, a little noisy."""
    soft = cv2.GaussianBlur(picture, (0, 0), blur)
    return _pixel(soft + rng.normal(0, noise, soft.shape))


def _slope(rng: np.random.Generator) -> NDArray[np.float64]:
    """A plane rising from 0 to 1 across the picture in a random direction."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / (SIDE_PX - 1)
    angle = rng.uniform(0, 2 * np.pi)
    plane = x * np.cos(angle) + y * np.sin(angle)
    return np.asarray((plane - plane.min()) / np.ptp(plane))


def _field(rng: np.random.Generator, fall: float) -> NDArray[np.float64]:
    """A random field of mean 0 and variance 1 whose amplitude falls with frequency to the power of `fall`."""
    frequency = np.hypot(np.fft.fftfreq(SIDE_PX)[:, None], np.fft.rfftfreq(SIDE_PX))
    frequency[0, 0] = np.inf if fall else 1
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(SIDE_PX, SIDE_PX))) / frequency**fall)
    return np.asarray((field - field.mean()) / field.std())


def _blot(picture: RgbImage, rng: np.random.Generator, size: float) -> None:
    """One leaf: an ellipse or a polygon of about this size anywhere."""
    x, y = (int(v) for v in rng.integers(0, SIDE_PX, 2))
    if rng.random() < 0.5:
        _ellipse(picture, (x, y), (int(size), max(1, int(size * rng.uniform(0.3, 1)))), _paint(rng), float(rng.uniform(0, 180)))
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
        _polygon(picture, np.stack([x + size * np.cos(angles), y + size * np.sin(angles)], axis=1), _paint(rng))


def _ellipse(
    picture: RgbImage,
    centre: tuple[int, int],
    half_axes: tuple[int, int],
    colour: NDArray[np.float64] | NDArray[np.int64],
    angle_deg: float = 0,
) -> None:
    cv2.ellipse(picture, centre, half_axes, angle_deg, 0, 360, _rgb(np.asarray(colour, np.float64)), -1, cv2.LINE_AA)


def _polygon(picture: RgbImage, points: NDArray[np.generic], colour: NDArray[np.float64] | NDArray[np.int64]) -> None:
    cv2.fillPoly(picture, [np.rint(points).astype(np.int32)], _rgb(np.asarray(colour, np.float64)), cv2.LINE_AA)


def _box(picture: RgbImage, rng: np.random.Generator) -> None:
    """A piece of furniture, a window or a door: a rectangle with an edge of another shade."""
    corner, size = rng.integers(0, 200, 2), rng.integers(20, 110, 2)
    first, last = tuple(int(v) for v in corner), tuple(int(v) for v in corner + size)
    colour = _paint(rng)
    cv2.rectangle(picture, first, last, _rgb(colour), -1)
    cv2.rectangle(picture, first, last, _rgb(colour * 0.6), int(rng.integers(1, 5)))


def _table(page: RgbImage, rng: np.random.Generator, ink: NDArray[np.float64]) -> None:
    top, pitch = int(rng.integers(60, 150)), int(rng.integers(14, 30))
    for y in range(top, min(top + 5 * pitch, SIDE_PX), pitch):
        cv2.line(page, (12, y), (244, y), _rgb(ink), 1)
    for x in range(12, 246, 58):
        cv2.line(page, (x, top), (x, min(top + 4 * pitch, SIDE_PX)), _rgb(ink), 1)


def _write(
    picture: RgbImage,
    rng: np.random.Generator,
    where: tuple[int, int],
    size: float,
    ink: NDArray[np.float64],
    *,
    letters: int,
    thickness: int = 1,
) -> None:
    """Random words in one of OpenCV's own typefaces, baseline at `where`."""
    words = "".join(rng.choice(list("aabcdeeefghiijklmnnooprrsstttuvwxyz0123456789    "), letters))
    typeface = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    cv2.putText(picture, words, where, typeface, size, _rgb(ink), thickness, cv2.LINE_AA)


def _askew(picture: RgbImage, rng: np.random.Generator, turn: float) -> RgbImage:
    """Turned by up to `turn` radians, its edges continued."""
    turned = cv2.getRotationMatrix2D((SIDE_PX / 2, SIDE_PX / 2), float(np.degrees(rng.uniform(-turn, turn))), 1.0)
    return cv2.warpAffine(picture, turned, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
