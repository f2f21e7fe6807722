"""RISE: what a score does when random parts of the picture are covered. Needs no gradients, so any network will do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
Score = Callable[[Tensor], Floats]
"""B×C×H×W inputs → B×K scores, one column for each class to explain: explaining all costs no more than explaining one. It must not
keep the inputs: they lie in a buffer that the next batch overwrites."""
OnProgress = Callable[[int, int], None]
"""Told after each batch: masks seen, masks in all."""

BATCH = 8
"""More does not make the networks here faster on a processor: their maps no longer fit its cache."""
TURN = 8
"""So many masks one network is shown before it is the next one's turn."""
CHECK_EVERY = 80
"""Masks between two looks at how far the map has converged: whole turns, and a look costs a few per cent of so many answers."""
ROUNDING = 1e-20
"""Sums of squares below this are rounding (signed scores near 1e-12): the score did not depend on the masks."""


def ignore(_done: int, _total: int) -> None:
    """The observer of a caller who does not watch progress."""


@dataclass(frozen=True)
class Masks:
    """How the picture is covered (Petsiuk et al. 2018, §3.2): a grid of `cells`×`cells`, each cell visible with probability `p`, is
    enlarged bilinearly, every cell to ⌈H/cells⌉×⌈W/cells⌉ and the whole to one cell more than the picture each way, and cut to the
    picture at a random offset of less than a cell. The same seed gives the same masks, in the same order.
    """

    height: int
    width: int
    cells: int = 8
    p: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.p < 1 and 1 <= self.cells <= min(self.height, self.width)):
            raise ValueError(f"masks need p between 0 and 1 and at most one cell a pixel, not p = {self.p}, {self.cells} cells")

    def batches(self, sizes: Iterable[int]) -> Iterator[tuple[Drawn, NDArray[np.float32]]]:
        """As many masks as each of `sizes` says, B×H×W float32 in [0, 1], with what they were made of."""
        random = np.random.default_rng(self.seed)
        rows, columns = (windows.astype(np.float32) for windows in (self.rows, self.columns))
        for size in sizes:
            drawn = self._draw(random.random((size, self.cells**2 + 2)))
            cover = rows[drawn.top].transpose(0, 2, 1) @ drawn.visible @ columns[drawn.left]
            yield drawn, np.asarray(cover, dtype=np.float32)

    def _draw(self, uniform: Floats) -> Drawn:
        """A row of numbers in [0, 1) makes one mask, so that masks do not depend on how many are made at a time."""
        visible = (uniform[:, :-2] < self.p).astype(np.float32).reshape(-1, self.cells, self.cells)
        top, left = (uniform[:, -2:] * (len(self.rows), len(self.columns))).astype(np.int64).T
        return Drawn(visible, top, left)

    @cached_property
    def rows(self) -> Floats:
        return _windows(self.height, self.cells)

    @cached_property
    def columns(self) -> Floats:
        return _windows(self.width, self.cells)


@dataclass(frozen=True)
class Drawn:
    """What B masks are made of."""

    visible: NDArray[np.float32]
    """B×cells×cells, 0 or 1."""
    top: NDArray[np.int64]
    """B: rows cut off above."""
    left: NDArray[np.int64]
    """B: columns cut off to the left."""


def _windows(length_px: int, cells: int) -> Floats:
    """Enlarging and cutting along one axis, as matrices: offset × cells × length."""
    cell_px = -(-length_px // cells)
    enlarged_px = (cells + 1) * cell_px
    place = np.clip((np.arange(enlarged_px) + 0.5) * cells / enlarged_px - 0.5, 0, cells - 1)  # of each pixel's centre, in cells
    weights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(cells)))
    return np.ascontiguousarray(sliding_window_view(weights, length_px, axis=0)[:cell_px])


@dataclass(frozen=True)
class Explanation:
    """What RISE found for K scores."""

    maps: NDArray[np.float32]
    """K×H×W: S = 1/(E[M]·N)·Σ f(I⊙M_i)·M_i (Petsiuk et al. 2018, eq. 6), the mean score where the pixel is visible."""
    signed: NDArray[np.float32]
    """K×H×W: the same with f less its mean: how much higher (or lower) the score is where the pixel is visible. Without the mean, maps
    show evidence against too, and not merely how often a pixel happened to be visible."""
    reliability: Floats
    """K, [0, 1]: correlation of the signed map with one of as many other masks would be about this (see `_reliability`)."""
    masks: int
    """How many were used."""


def rise(
    x: Tensor,
    scores: Sequence[Score],
    masks: Masks,
    n: int,
    *,
    stop_at: float | None = None,
    checks: int = 2,
    batch: int = BATCH,
    on_progress: OnProgress = ignore,
) -> Explanation:
    """RISE (Petsiuk, Das & Saenko 2018, arXiv:1806.07421) of the input `x`, 1×C×H×W, with `n` masks; covered is 0, mid-grey here.

    `scores` is one score, or those of several networks whose mean is to be explained. Then each mask is shown to one network alone, in
    turns, and the map is the mean of theirs: RISE is linear in the score, so that in expectation it is the map of the mean, at the cost of
    one network a mask. What the networks differ by on the whole picture is no noise, since each is compared with its own mean.

    With `stop_at` it ends early, once the reliability of all maps together has been at least that at `checks` looks in a row, one
    every CHECK_EVERY masks. Masks are made and forgotten `batch` at a time, TURN at most: memory does not depend on `n`, and the
    result, but for the rounding of the network, not on `batch`. `on_progress` may raise to cancel; the exception passes through.
    Raises ValueError for fewer than two masks a network, or when `x`, `masks` and the scores do not fit one another.
    """
    if n < TURN * (len(scores) - 1) + 2 or tuple(x.shape) != (1, x.shape[1], masks.height, masks.width):
        raise ValueError(f"an input of {tuple(x.shape)} cannot be explained by {n} masks of {masks.height}×{masks.width}")
    picture = x.cpu().contiguous().numpy()
    covered = np.empty((min(batch, TURN), *picture.shape[1:]), np.float32)
    totals, done, converged = _Totals(masks, len(scores)), 0, 0
    for drawn, cover in masks.batches(_sizes(n, batch)):
        np.multiply(picture, cover[:, None], out=covered[: len(cover)])
        asked = done // TURN % len(scores)
        totals.add(drawn, scores[asked](torch.from_numpy(covered[: len(cover)])), asked)
        done += len(cover)
        on_progress(done, n)
        if stop_at is not None and done % CHECK_EVERY == 0:
            converged = converged + 1 if totals.reliability() >= stop_at else 0
            if converged == checks:
                break
    return totals.explanation()


def _sizes(n: int, batch: int) -> Iterator[int]:
    """Batches that end where a turn ends, so that whom a mask is shown to, and whether it stops, does not depend on them."""
    for start in range(0, n, TURN):
        end = min(start + TURN, n)
        yield from (min(batch, end - at) for at in range(start, end, batch))


class _Totals:
    """Σ f(I⊙M_i)·M_i and ΣM_i, of each network and of its even and odd masks apart, without ever adding up whole masks.

    A mask is linear in its grid: M_i = R_iᵀ·G_i·C_i with R_i, C_i given by its offset. So f_i·G_i, cells² numbers, is added up for each
    offset, and enlarged in the end: Σ f_i·M_i = Σ over offsets of Rᵀ·(Σ f_i·G_i)·C, one product of matrices.
    """

    def __init__(self, masks: Masks, networks: int) -> None:
        self._masks = masks
        self._done = [0] * networks

    def add(self, drawn: Drawn, scores: Floats, network: int) -> None:
        count = len(drawn.visible)
        if scores.ndim != 2 or len(scores) != count:
            raise ValueError(f"{count} inputs must give {count}×K scores, not {scores.shape}")
        weights = np.hstack([scores, np.ones((count, 1))])  # the last column adds up the masks themselves
        if not any(self._done):
            offsets = len(self._masks.rows), len(self._masks.columns)
            self._grids = np.zeros((len(self._done), 2, *offsets, weights.shape[1], *drawn.visible.shape[1:]))
            self._sums = np.zeros((len(self._done), 2, weights.shape[1]))
        half = np.arange(self._done[network], self._done[network] + count) % 2
        np.add.at(self._grids[network], (half, drawn.top, drawn.left), weights[:, :, None, None] * drawn.visible[:, None])
        np.add.at(self._sums[network], half, weights)
        self._done[network] += count

    def explanation(self) -> Explanation:
        total = np.stack([self._enlarged(grids) for grids in self._grids.sum(axis=1)])
        each = np.array(self._done)[:, None, None, None]
        return Explanation(
            maps=(total[:, :-1] / (self._masks.p * each)).mean(axis=0).astype(np.float32),
            signed=self._mean_signed(total, self._sums.sum(axis=1)).astype(np.float32),
            reliability=_reliability(*self._products()),
            masks=sum(self._done),
        )

    def reliability(self) -> float:
        """Of all maps together, those of high scores counting most."""
        return float(_reliability(*(product.sum() for product in self._products())))

    def _products(self) -> tuple[Floats, Floats, Floats]:
        """For each score: even·odd, even·even, odd·odd of the signed maps of the two halves, less their means."""
        halves = ((np.stack([self._enlarged(grids) for grids in self._grids[:, half]]), self._sums[:, half]) for half in (0, 1))
        even, odd = (self._mean_signed(total, sums) for total, sums in halves)
        even, odd = (signed - signed.mean(axis=(1, 2), keepdims=True) for signed in (even, odd))
        return (even * odd).sum(axis=(1, 2)), (even**2).sum(axis=(1, 2)), (odd**2).sum(axis=(1, 2))

    def _mean_signed(self, totals: Floats, sums: Floats) -> Floats:
        """Networks×K+1×H×W and networks×K+1 → K×H×W."""
        return np.asarray(np.mean([self._signed(total, own) for total, own in zip(totals, sums, strict=True)], axis=0))

    def _signed(self, total: Floats, sums: Floats) -> Floats:
        """Σ (f_i − mean f)·M_i / (E[M]·N)."""
        *_, count = sums
        signed: Floats = (total[:-1] - (sums[:-1] / count)[:, None, None] * total[-1]) / (self._masks.p * count)
        return signed

    def _enlarged(self, grids: Floats) -> Floats:
        """Offsets × K+1 × cells² → K+1×H×W."""
        masks = self._masks
        flat = grids.transpose(2, 0, 3, 1, 4).reshape(grids.shape[2], len(masks.rows) * masks.cells, len(masks.columns) * masks.cells)
        return np.asarray(masks.rows.reshape(-1, masks.height).T @ flat @ masks.columns.reshape(-1, masks.width))


def _reliability(across: Floats, one: Floats, other: Floats) -> Floats:
    """Split-half reliability: the correlation r of the maps of two halves of the masks tells that of two maps of all masks,
    2r/(1 + r) (Spearman 1910, Brown 1910); 0 when r is negative or undefined."""
    scale = np.sqrt(one * other)
    r = np.clip(np.divide(across, scale, out=np.zeros_like(scale), where=scale > ROUNDING), 0, 1)
    return np.asarray(2 * r / (1 + r))
