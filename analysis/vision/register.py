"""Two pictures of one lesion brought to lie over one another (SPEC R5), or the refusal to do so.

A similarity: turned, moved, enlarged; skin is not bent. Dermatoscopes and phones differ in light and enlargement, so pictures are
compared by their local contrast, and the enlargement is found, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.types import Mask, RgbImage

WORKING_PX = 128
"""Of both pictures' longer side while they are compared."""
SHAPE_PX = (0.0, 12.0)
DETAIL_PX = (1.0, 4.0)
"""Gaussian widths between which contrast counts: to find the place by shape; to make sure of it by the pattern inside the lesion,
since round dark lesions look alike. Coarser differences are light, finer ones noise."""
BORDER_PX = 7
"""As much is taken off around the lesion before patterns are compared, half of it on each side."""
TURNS = 36
SCALES = (0.8, 0.9, 1.0, 1.11, 1.25)
"""Tried around what the areas of the two outlines suggest."""
FINALISTS = 4
MAX_ENLARGEMENT = 4.0
SURE_CORRELATION = 0.4
"""Below it the pictures may well show different lesions; `benchmarks/registration.py` says how often it errs."""
MIN_IN_VIEW = 0.5
"""Share of what is compared that the moving picture must show."""

Matrix = NDArray[np.float64]
Grey = NDArray[np.float32]

UNSURE = "The two pictures could not be laid over one another with certainty. Check that they show the same lesion."
NO_OUTLINE = "In one of the two pictures no lesion is outlined, or a tiny one, so they cannot be laid over one another."


@dataclass(frozen=True)
class Registration:
    """Where one picture, the moving one, lies in another, the fixed one."""

    matrix: Matrix | None
    """2×3: (x, y) of the moving picture in pixels → (x, y) of the fixed one. None when refused."""
    correlation: float
    """Of the pattern inside the lesion, [−1, 1]; −1 where nothing could be compared."""
    failure: str | None = None
    """Why it is refused, a sentence for the clinician, else None."""


def register(fixed_image: RgbImage, moving_image: RgbImage, fixed_lesion: Mask, moving_lesion: Mask) -> Registration:
    """Lay the moving picture over the fixed one, each H×W×3 uint8 with its H×W outline; sizes may differ.

    Start: centres and areas of the outlines, in `TURNS` directions and a few scales; the best few are refined by the enhanced
    correlation coefficient (Evangelidis & Psarakis 2008, doi:10.1109/TPAMI.2008.113) and held to a similarity.
    """
    fixed, moving = _frame(fixed_image, fixed_lesion), _frame(moving_image, moving_lesion)
    if not fixed.lesion.any() or not moving.lesion.any():
        return Registration(None, -1.0, NO_OUTLINE)
    starts = sorted(((_correlation(fixed, moving, matrix), matrix) for matrix in _starts(fixed, moving)), key=lambda pair: -pair[0])
    refined = [_refined(fixed, moving, matrix) for _, matrix in starts[:FINALISTS]]
    _, matrix = max([*refined, starts[0]], key=lambda pair: pair[0])
    correlation = _agreement(fixed, moving, matrix)
    if correlation < SURE_CORRELATION:
        return Registration(None, correlation, UNSURE)
    return Registration(_between(fixed.step, matrix, moving.step), correlation)


def warp(picture: NDArray[np.uint8], matrix: Matrix, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """The moving picture (or 0/1 mask) as the fixed one's frame would show it; black where it shows nothing."""
    flags = cv2.INTER_LINEAR if picture.ndim == 3 else cv2.INTER_NEAREST
    return cv2.warpAffine(picture, matrix, (width_px, height_px), flags=flags).astype(np.uint8, copy=False)


@dataclass(frozen=True)
class _Frame:
    """A picture at working size, and how many pixels of the picture one of its own is."""

    shape: Grey
    detail: Grey
    lesion: Mask
    around: Mask
    """The lesion and the skin next to it."""
    centre: NDArray[np.float64]
    area: float
    step: NDArray[np.float64]
    """Along x and y; rounding to whole pixels makes them differ a little."""


def _frame(image: RgbImage, lesion: Mask) -> _Frame:
    rough = max(image.shape[:2]) / WORKING_PX
    size = max(8, round(image.shape[1] / rough)), max(8, round(image.shape[0] / rough))
    step = np.array([image.shape[1], image.shape[0]]) / size
    small = imaging.resize(image, *size)
    inside = np.asarray(cv2.resize(lesion.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0)
    reach = max(3, round(0.35 * np.sqrt(inside.sum())))
    around = cv2.dilate(inside.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))) > 0
    moments = cv2.moments(inside.astype(np.uint8), binaryImage=True)
    centre = np.array([moments["m10"], moments["m01"]]) / max(moments["m00"], 1)
    return _Frame(_contrast(small, *SHAPE_PX), _contrast(small, *DETAIL_PX), inside, np.asarray(around), centre, float(inside.sum()), step)


def _contrast(small: NDArray[np.uint8], finest_px: float, coarsest_px: float) -> Grey:
    """H×W float32: lightness less its surroundings' mean, over their spread. Green shows pigment and vessels alike."""
    grey = small[..., 1].astype(np.float32)
    if finest_px:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), finest_px), dtype=np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), coarsest_px)
    spread = np.sqrt(cv2.GaussianBlur((grey - mean) ** 2, (0, 0), coarsest_px))
    return np.asarray((grey - mean) / (spread + 4), dtype=np.float32)


def _starts(fixed: _Frame, moving: _Frame) -> Iterator[Matrix]:
    suggested = np.sqrt(fixed.area / moving.area)
    for scale in SCALES:
        enlargement = float(np.clip(suggested * scale, 1 / MAX_ENLARGEMENT, MAX_ENLARGEMENT))
        for angle in np.arange(TURNS) * 2 * np.pi / TURNS:
            yield _similarity(enlargement, angle, fixed.centre, moving.centre)


def _similarity(enlargement: float, angle: float, to: NDArray[np.float64], about: NDArray[np.float64]) -> Matrix:
    """Turns and enlarges about one point and moves that to another."""
    linear = enlargement * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, to - linear @ about])


def _correlation(fixed: _Frame, moving: _Frame, matrix: Matrix) -> float:
    """Of the shapes, where either frame has its lesion or skin next to it."""
    around = _moved(moving.around, matrix, fixed)
    return _pearson(fixed.shape, moving.shape, matrix, fixed.around | around)


def _agreement(fixed: _Frame, moving: _Frame, matrix: Matrix) -> float:
    """Of the patterns inside the fixed lesion, away from its border, which all lesions have."""
    inner = cv2.erode(fixed.lesion.astype(np.uint8), np.ones((BORDER_PX, BORDER_PX), dtype=np.uint8)) > 0
    return _pearson(fixed.detail, moving.detail, matrix, np.asarray(inner))


def _pearson(fixed: Grey, moving: Grey, matrix: Matrix, where: Mask) -> float:
    """Correlation where the moving picture shows something; −1 where that is less than `MIN_IN_VIEW` of `where`."""
    size = fixed.shape[::-1]
    warped = cv2.warpAffine(moving, matrix, size, flags=cv2.INTER_LINEAR)
    shown = cv2.warpAffine(np.ones(moving.shape, dtype=np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0
    both = where & shown
    if both.sum() < max(16, MIN_IN_VIEW * where.sum()):
        return -1.0
    a, b = fixed[both] - fixed[both].mean(), warped[both] - warped[both].mean()
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9))


def _moved(mask: Mask, matrix: Matrix, fixed: _Frame) -> Mask:
    size = fixed.shape.shape[::-1]
    return np.asarray(cv2.warpAffine(mask.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0)


def _refined(fixed: _Frame, moving: _Frame, start: Matrix) -> tuple[float, Matrix]:
    """The start improved by ECC and held to a similarity; the start itself where ECC does not converge."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    inverse = np.asarray(cv2.invertAffineTransform(start), dtype=np.float32)  # OpenCV maps from the fixed to the moving picture
    try:
        _, better = cv2.findTransformECC(fixed.shape, moving.shape, inverse, cv2.MOTION_AFFINE, criteria, fixed.around.astype(np.uint8), 5)
    except cv2.error:
        return _correlation(fixed, moving, start), start
    affine = np.asarray(cv2.invertAffineTransform(better), dtype=np.float64)
    found = _nearest_similarity(affine, moving.centre)
    return _correlation(fixed, moving, found), found


def _nearest_similarity(affine: Matrix, about: NDArray[np.float64]) -> Matrix:
    """The similarity nearest to an affine map that agrees with it at one point: a + ib = mean of both ways to read turn and scale."""
    (p, q), (r, s) = affine[:, :2]
    turned = complex(p + s, r - q) / 2
    return _similarity(abs(turned), float(np.angle(turned)), affine @ [*about, 1], about)


def _between(fixed_step: NDArray[np.float64], matrix: Matrix, moving_step: NDArray[np.float64]) -> Matrix:
    """From working pixels to those of the pictures; pixel centres lie at whole numbers, so frames meet at −0.5."""
    linear = fixed_step[:, None] * matrix[:, :2] / moving_step
    offset = fixed_step * (matrix[:, 2] + 0.5 - matrix[:, :2] @ [0.5, 0.5]) - 0.5 + linear @ [0.5, 0.5]
    return np.column_stack([linear, offset])
