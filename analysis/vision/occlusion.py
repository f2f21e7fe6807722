"""Hair and rulers between lens and lesion: where they are, and the picture with the skin around painted over them (SPEC A10).

In the line of DullRazor (Lee et al. 1997, doi:10.1016/S0010-4825(97)00020-6): a hair is what a morphological closing along some
short line fills. That also holds for pigment networks, dots and vessels, so only straight stretches of it are kept, and they must
stand out from whatever else is filled around them. Dark structures are sought in the red channel, where blood vessels hardly show.
A ruler is a row of ticks: short dark bars side by side, equally far apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.types import Mask, RgbImage

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

WORKING_PX = 384
"""Of the longer side: the thinnest hairs are still a pixel wide. All lengths below are pixels at this size."""
HAIR_WIDTH_PX = 9
"""Closings fill what is narrower."""
MIN_DEPTH, MIN_GLOW, NOISE_FACTOR = 12, 15, 3.0
"""A dark hair differs from the skin beside it by so many grey levels, a light one by so many, and either by so many times what half
the pixels differ by. Light ones must differ more: furrows, scales and reflections are light lines too."""
CROWD_PX, CROWD_FACTOR, CROWD_LIMIT = 49, 2.5, 30
"""... and by so many times the mean of the square around it, as the lines of a network do not; but no more than the limit is asked, for
dark hairs may lie close."""
RUN_PX, RUN_SHARE, DIRECTIONS = 16, 0.9, 16
"""Straight stretches: their length, the share of it that must stand out, and how many directions are tried."""
MIN_HAIR_PX, MIN_LIGHT_HAIR_PX = 30, 60
"""Diagonal of the box around a hair, dark or light. Shorter ones hide little, and streaks and network lines are as short; so are
scales and reflections."""
GROWTH_PX = 2
"""How far a mask may grow into what stands out less: frayed borders, gaps where hairs cross."""

MIN_TICKS = 6
TICK_PX = (4, 40)
"""Length of a tick."""
GAP_PX = (4, 45)
"""Between neighbouring ticks."""
GAP_TOLERANCE = 0.1
"""Of the gap, beside one pixel."""
DARK_BETWEEN = 0.5
"""Half-way between two ticks nothing stands out, or no more than this share of what they do."""
FIGURES_REACH = 2.0
"""Gaps between ticks up to which figures lie beside them."""
MAX_BARS = 300
"""More short bars than this are the texture of hairy skin; only the longest are looked at."""

MIN_SHARE = 0.01
"""Of the frame. What hides less is left alone: it does not change an outline, and painting takes longer than finding."""
INPAINT_RADIUS_PX = 2
"""As close to the undisturbed picture as 3, in two thirds of the time."""

_STEPS = ((1, 0), (1, 1), (0, 1), (-1, 1))
"""The four directions (x, y) of a closing."""


@dataclass(frozen=True)
class Occlusions:
    """What hides the skin: H×W bool masks at the size of the upright image. No pixel is in both."""

    hair: Mask
    ruler: Mask

    @property
    def mask(self) -> Mask:
        return self.hair | self.ruler

    @property
    def hair_share(self) -> float:
        """Of the frame, in [0, 1]."""
        return _share(self.hair)

    @property
    def ruler_share(self) -> float:
        """Of the frame, in [0, 1]."""
        return _share(self.ruler)


def _share(mask: Mask) -> float:
    return float(np.count_nonzero(mask) / mask.size)


def cleared(image: RgbImage) -> tuple[RgbImage, Occlusions]:
    """The picture without what hides at least `MIN_SHARE` of it, else the picture itself; and what was found."""
    found = find(image)
    return (remove(image, found) if _share(found.mask) >= MIN_SHARE else image), found


def find(image: RgbImage) -> Occlusions:
    """Hair and rulers of an upright H×W×3 uint8 picture. Pure: the same picture gives the same masks."""
    red, blue = (imaging.resize(np.ascontiguousarray(image[..., channel]), *_working_size(image)) for channel in (0, 2))
    hats = _hats(red, cv2.MORPH_BLACKHAT)
    depth, glow = np.maximum.reduce(hats), np.maximum.reduce(_hats(blue, cv2.MORPH_TOPHAT))
    least = _least(depth, MIN_DEPTH)
    ruler, dark = _ruler(hats, depth, least), _hairs(depth, least, MIN_HAIR_PX)
    # Skin between two dark hairs or ticks is as light and as thin as a light hair.
    light = _hairs(glow, _least(glow, MIN_GLOW), MIN_LIGHT_HAIR_PX) & ~_dilated(dark | ruler, HAIR_WIDTH_PX)
    hair = (dark | light) & ~_dilated(ruler, 1)
    hair, ruler = (_enlarged(mask, image) for mask in (hair, ruler))
    return Occlusions(hair & ~ruler, ruler)


def remove(image: RgbImage, found: Occlusions) -> RgbImage:
    """The picture with the skin around painted over what was found; every other pixel as it was. `image` is left alone.

    Inpainting after Bertalmío et al. 2001 (doi:10.1109/CVPR.2001.990497), at the working size or below.
    """
    hidden = found.mask.view(np.uint8) * np.uint8(255)
    if not hidden.any():
        return image.copy()
    width, height = np.minimum(_working_size(image), image.shape[1::-1]).tolist()
    # Pixels beside the mask were averaged with those under it: they are painted over too, but not used.
    small_hidden = _dilated(np.asarray(imaging.resize(hidden, width, height) > 0), 1).astype(np.uint8)
    painted = cv2.inpaint(imaging.resize(image, width, height), small_hidden, INPAINT_RADIUS_PX, cv2.INPAINT_NS)
    cleaned = imaging.resize(np.asarray(painted, dtype=np.uint8), *image.shape[1::-1])
    return np.asarray(cv2.copyTo(image, cv2.bitwise_not(hidden), cleaned), dtype=np.uint8)


def _working_size(image: RgbImage) -> tuple[int, int]:
    scale = WORKING_PX / max(image.shape[:2])
    return max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))


def _hats(channel: Bytes, operation: int) -> list[Bytes]:
    """How much a closing (black-hat) or opening (top-hat) along each of the four directions changes every pixel, 0–255.

    Beyond the frame its edge goes on, so that a dark edge is no hair: skin is seen on one side of it alone.
    """
    margin = HAIR_WIDTH_PX
    padded = cv2.copyMakeBorder(channel, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    hats = (cv2.morphologyEx(padded, operation, _line(HAIR_WIDTH_PX, step)) for step in _STEPS)
    return [np.asarray(hat[margin:-margin, margin:-margin], dtype=np.uint8) for hat in hats]


def _line(length_px: int, step: tuple[int, int]) -> Bytes:
    """A structuring element: a line through the middle of a square, about `length_px` long."""
    reach = round((length_px // 2) / float(np.hypot(*step)))
    element = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
    along = np.arange(-reach, reach + 1)
    element[reach + along * step[1], reach + along * step[0]] = 1
    return element


def _dilated(mask: Mask, reach_px: int) -> Mask:
    side = 2 * reach_px + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), dtype=np.uint8)) > 0)


def _enlarged(mask: Mask, image: RgbImage) -> Mask:
    return np.asarray(imaging.resize(mask.view(np.uint8) * np.uint8(255), *image.shape[1::-1]) > 127)


def _least(height: Bytes, least: int) -> float:
    return max(least, NOISE_FACTOR * imaging.median(height))


def _hairs(height: Bytes, least: float, shortest_px: int) -> Mask:
    """Long thin structures among what stands out by `height`, by more than `least`; `shortest_px` is the diagonal of the box around one."""
    crowd = np.minimum(CROWD_FACTOR * cv2.blur(height, (CROWD_PX, CROWD_PX)).astype(np.float32), CROWD_LIMIT)
    stands_out = np.asarray(height > np.maximum(least, crowd))
    if not _long(stands_out, shortest_px).any():
        return np.zeros_like(stands_out)  # straight stretches are parts of what stands out: none can be longer
    return _dilated(_long(_on_straight_runs(stands_out), shortest_px), GROWTH_PX) & (height > least)


def _long(mask: Mask, shortest_px: int) -> Mask:
    """The connected parts in a box with a diagonal of at least `shortest_px`."""
    count, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    places = np.flatnonzero(mask)
    part = np.asarray(parts, np.int32).ravel()[places]
    extents_px = [_extents(axis, part, count) for axis in np.unravel_index(places, mask.shape)]
    is_long = np.hypot(*extents_px) >= shortest_px
    long = np.zeros_like(mask)
    long.ravel()[places[is_long[part]]] = True
    return long


def _extents(positions: NDArray[np.intp], part: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """How many pixels each part measures along one axis, its pixels given by position and number of the part."""
    first, last = np.full(count, WORKING_PX), np.full(count, -1)
    np.minimum.at(first, part, positions)
    np.maximum.at(last, part, positions)
    extents_px: NDArray[np.intp] = last - first + 1
    return extents_px


def _on_straight_runs(mask: Mask) -> Mask:
    """The pixels of `mask` on some straight run of RUN_PX pixels of which RUN_SHARE are in the mask: an opening that forgives gaps.

    A run is summed by doubling: pairs, pairs of pairs, … in the flat array, where a step is one number. Margins on the right and below
    keep runs that leave the frame on one side from coming in on the other.
    """
    padded = cv2.copyMakeBorder(mask.view(np.uint8), 0, RUN_PX, 0, RUN_PX, cv2.BORDER_CONSTANT, value=0)
    found = np.zeros(padded.size, np.bool_)
    for jumps in _jumps(padded.shape[1]):
        sums: Bytes = padded.ravel().astype(np.uint8, copy=False)
        for jump in jumps:
            sums = sums[:-jump] + sums[jump:]
        runs = np.asarray(sums >= RUN_SHARE * RUN_PX)
        if runs.any():
            found |= _spread(runs, jumps)
    return mask & found.reshape(padded.shape)[: mask.shape[0], : mask.shape[1]]


def _spread(runs: Mask, jumps: list[int]) -> Mask:
    """From where runs begin to all of their pixels: what the sums took together, in a longer array."""
    for jump in jumps:
        longer = np.zeros(runs.size + jump, np.bool_)
        longer[: runs.size] = runs
        longer[jump:] |= runs
        runs = longer
    return runs


@cache
def _jumps(row_px: int) -> list[list[int]]:
    """For each direction, steps of 1, 2, 4 and 8 pixels as distances in a flat array with rows of `row_px`.

    Never backwards: a run is begun at whichever of its pixels comes first.
    """
    angles = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
    return [[abs(round(px * np.sin(angle)) * row_px + round(px * np.cos(angle))) for px in (1, 2, 4, 8)] for angle in angles]


@dataclass(frozen=True)
class _Bars:
    """N short straight dark bars: `centres` N×2 (x, y), `directions` N×2 unit vectors along them, `lengths_px` N."""

    centres: Floats
    directions: Floats
    lengths_px: Floats

    def __len__(self) -> int:
        return len(self.lengths_px)


def _ruler(hats: list[Bytes], height: Bytes, least: float) -> Mask:
    """Ticks, line and figures of the longest row of ticks; nothing where there is no row."""
    rows = [_row(_bars(np.asarray(hats[k] > least), _STEPS[(k + 2) % 4]), hats[k], _STEPS[k]) for k in range(4)]
    row = max(rows, key=len)
    if len(row) < MIN_TICKS:
        return np.zeros(height.shape, dtype=np.bool_)
    ink = max(least, 0.5 * float(np.median(_at(height, row.centres))))
    return _dilated(_ink(row, height > ink), 1) & (height > least)


def _bars(dark: Mask, step: tuple[int, int]) -> _Bars:
    """The parts of `dark` that are straight bars roughly along `step`."""
    opened = cv2.morphologyEx(dark.view(np.uint8), cv2.MORPH_OPEN, _line(TICK_PX[0] + 1, step))
    count, parts = cv2.connectedComponents(opened, connectivity=8)
    if count - 1 < MIN_TICKS:
        return _Bars(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    places = np.flatnonzero(np.asarray(opened).view(np.bool_))
    part, (y, x) = parts.ravel()[places], np.unravel_index(places, dark.shape)
    size = np.maximum(np.bincount(part, minlength=count), 1)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(part, values, minlength=count) / size)

    centres = np.stack([mean(x.astype(float)), mean(y.astype(float))], axis=1)
    dx, dy = x - centres[part, 0], y - centres[part, 1]
    xx, yy, xy = mean(dx * dx), mean(dy * dy), mean(dx * dy)
    # Principal axes of the second moments; a bar of length l has l²/12 along itself.
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    spread = np.hypot((xx - yy) / 2, xy)
    long, thick = (np.sqrt(12 * np.maximum((xx + yy) / 2 + sign * spread, 0)) + 1 for sign in (1, -1))
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    is_along = np.abs(directions @ np.array(step)) >= np.cos(np.pi / 6) * np.hypot(*step)
    is_bar = (long >= TICK_PX[0]) & (long <= TICK_PX[1]) & (long >= 1.5 * thick) & is_along & (np.arange(count) > 0)
    chosen = np.flatnonzero(is_bar)
    chosen = chosen[np.argsort(-long[chosen], kind="stable")[:MAX_BARS]]
    return _Bars(centres[chosen], directions[chosen], long[chosen])


def _row(bars: _Bars, hat: Bytes, step: tuple[int, int]) -> _Bars:
    """The longest row along `step` of bars side by side and equally far apart, from its first to its last; too few bars as they are."""
    if len(bars) < MIN_TICKS:
        return bars
    order = np.argsort(bars.centres @ np.array(step), kind="stable")
    bars = _Bars(bars.centres[order], bars.directions[order], bars.lengths_px[order])
    following, gaps = _neighbours(bars, step)
    # The steps of a hair's jagged border are as regular, but it is as dark between them.
    gaps[_at(hat, (bars.centres + bars.centres[following]) / 2) > DARK_BETWEEN * _at(hat, bars.centres)] = np.inf
    members = _longest_chain(following.tolist(), gaps.tolist())
    return _Bars(bars.centres[members], bars.directions[members], bars.lengths_px[members])


def _longest_chain(following: list[int], gaps: list[float]) -> list[int]:
    """The longest way from bar to following bar with gaps that hardly change. No bar follows one further on."""
    lengths = [1] * len(gaps)
    for i in range(len(gaps) - 1, -1, -1):
        if gaps[i] < np.inf:
            after = following[i]
            lengths[i] = lengths[after] + 1 if abs(gaps[i] - gaps[after]) <= GAP_TOLERANCE * gaps[i] + 1 else 2
    chain = [lengths.index(max(lengths))] if lengths else []
    while chain and len(chain) < lengths[chain[0]]:
        chain.append(following[chain[-1]])
    return chain


def _at(values: Bytes, points: Floats) -> Bytes:
    x, y = points.round().astype(int).T
    return np.asarray(values[y, x])


def _neighbours(bars: _Bars, step: tuple[int, int]) -> tuple[NDArray[np.int64], Floats]:
    """For each bar the next one that is its like, and the gap between them, infinite where there is none; they are in order of `step`."""
    across = np.stack([-bars.directions[:, 1], bars.directions[:, 0]], axis=1)
    across *= np.where(across @ np.array(step) < 0, -1, 1)[:, None]
    between = bars.centres[None] - bars.centres[:, None]
    gap = np.einsum("ijk,ik->ij", between, across)
    shift = np.abs(np.einsum("ijk,ik->ij", between, bars.directions))
    longer = np.maximum(bars.lengths_px[:, None], bars.lengths_px[None])
    shorter = np.minimum(bars.lengths_px[:, None], bars.lengths_px[None])
    is_parallel = np.abs(bars.directions @ bars.directions.T) >= np.cos(np.deg2rad(15))
    is_next = (gap >= GAP_PX[0]) & (gap <= GAP_PX[1]) & (shift <= longer / 2 + 1) & (longer <= 3 * shorter) & is_parallel
    gap = np.where(np.triu(is_next), gap, np.inf)  # only bars later in the order
    return np.asarray(gap.argmin(axis=1)), np.asarray(gap.min(axis=1))


def _ink(row: _Bars, dark: Mask) -> Mask:
    """What of the dark mask belongs to the ruler: everything beside its ticks, and the line they stand on as far as it runs."""
    first, last = row.centres[0], row.centres[-1]
    length_px = float(np.linalg.norm(last - first))
    gap_px = float(np.median([np.linalg.norm(b - a) for a, b in pairwise(row.centres)]))
    along, tick_px = (last - first) / length_px, row.lengths_px.max()
    y, x = np.ogrid[: dark.shape[0], : dark.shape[1]]
    forward = (x - first[0]) * along[0] + (y - first[1]) * along[1]
    sideways = np.abs((y - first[1]) * along[0] - (x - first[0]) * along[1])
    is_beside = (forward >= -gap_px) & (forward <= length_px + gap_px) & (sideways <= FIGURES_REACH * gap_px + tick_px / 2)
    ink = dark & is_beside
    _, parts = cv2.connectedComponents((dark & (sideways <= tick_px)).astype(np.uint8), connectivity=8)
    touched = np.unique(parts[ink])
    return np.asarray(ink | np.isin(parts, touched[touched > 0]))
