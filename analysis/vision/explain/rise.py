"""RISE: what a score does when random parts of the picture are covered. Needs no gradients, so any network will do.

The masks are drawn in balanced blocks where the grid allows it (`Masks`), which leaves the formula as it is and needs about half as
many of them for the same map (`benchmarks.rise`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count, islice

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.linalg import hadamard
from torch import Tensor

Floats = NDArray[np.float64]
Score = Callable[[Tensor], Floats]
"""B×C×H×W inputs → B×K scores, one column for each class to explain: explaining all costs no more than explaining one. It must not
keep the inputs: they lie in a buffer that the next batch overwrites."""
OnProgress = Callable[[int, int], None]
"""Told after each batch: masks seen, masks in all."""

BATCH = 8
"""More does not make the networks here faster on a processor: their maps no longer fit its cache."""
CHECK_EVERY = 256
"""Masks between two looks at how far the map has converged: whole batches, and two whole blocks of an 8×8 grid."""
ROUNDING = 1e-20
"""Sums of squares below this are rounding (signed scores near 1e-12): the score did not depend on the masks."""


def ignore(_done: int, _total: int) -> None:
    """The observer of a caller who does not watch progress."""


@dataclass(frozen=True)
class Masks:
    """How the picture is covered (Petsiuk et al. 2018, §3.2): a grid of `cells`×`cells`, each cell visible with probability `p`, is
    enlarged bilinearly, every cell to ⌈H/cells⌉×⌈W/cells⌉ and the whole to one cell more than the picture each way, and cut to the
    picture at a random offset of less than a cell. The same seed gives the same masks, in the same order.

    Where half of the cells are visible and their number is a power of two, the grids come in blocks: the rows of a Hadamard matrix of
    that order, its rows, columns and signs shuffled, and their complements, at one offset. Each cell by itself is as random as ever; within
    a block every cell is visible in half of the masks, and any two together in a quarter of them, so that what one cell does to
    the score is no noise in the map of another (Plackett & Burman 1946, doi:10.1093/biomet/33.4.305). Else every mask is drawn by itself.
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
        rows, columns = (windows.astype(np.float32) for windows in (self.rows, self.columns))
        masks = chain.from_iterable(self._blocks(np.random.default_rng(self.seed)))
        for size in sizes:
            visible, top, left, half = (np.stack(part) for part in zip(*islice(masks, size), strict=True))
            cover = rows[top].transpose(0, 2, 1) @ visible @ columns[left]
            yield Drawn(visible, top, left, half), np.asarray(cover, dtype=np.float32)

    def _blocks(self, random: np.random.Generator) -> Iterator[Iterator[_Mask]]:
        """Block after block; every other one is of the first half."""
        offsets = len(self.rows), len(self.columns)
        for number in count():
            grids = self._grids(random).reshape(-1, self.cells, self.cells)
            top, left = (random.random(2) * offsets).astype(np.int64)
            yield ((grid, top, left, np.int64(number % 2)) for grid in grids)

    def _grids(self, random: np.random.Generator) -> NDArray[np.float32]:
        """Of one block, n×cells², 0 or 1."""
        cells = self.cells**2
        if self.p != 0.5 or cells & (cells - 1):
            return (random.random((1, cells)) < self.p).astype(np.float32)
        signs = hadamard(cells)[random.permutation(cells)][:, random.permutation(cells)] * random.choice([-1, 1], cells)
        return np.stack([signs > 0, signs < 0], axis=1).reshape(-1, cells).astype(np.float32)

    @cached_property
    def rows(self) -> Floats:
        return _windows(self.height, self.cells)

    @cached_property
    def columns(self) -> Floats:
        return _windows(self.width, self.cells)


_Mask = tuple[NDArray[np.float32], np.int64, np.int64, np.int64]
"""Grid, rows cut off above, columns cut off to the left, half."""


@dataclass(frozen=True)
class Drawn:
    """What B masks are made of."""

    visible: NDArray[np.float32]
    """B×cells×cells, 0 or 1."""
    top: NDArray[np.int64]
    """B: rows cut off above."""
    left: NDArray[np.int64]
    """B: columns cut off to the left."""
    half: NDArray[np.int64]
    """B: 0 or 1, to which of two independent halves of all masks each belongs."""


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
    score: Score,
    masks: Masks,
    n: int,
    *,
    stop_at: float | None = None,
    checks: int = 2,
    batch: int = BATCH,
    on_progress: OnProgress = ignore,
) -> Explanation:
    """RISE (Petsiuk, Das & Saenko 2018, arXiv:1806.07421) of the input `x`, 1×C×H×W, with `n` masks; covered is 0, mid-grey here.

    With `stop_at` it ends early, once the reliability of all maps together has been at least that at `checks` looks in a row, one
    every CHECK_EVERY masks. Masks are made and forgotten `batch` at a time: memory does not depend on `n`, and the result, but for the
    rounding of the network, not on `batch`. `on_progress` may raise to cancel; the exception passes through.
    Raises ValueError for fewer than two masks, or when `x`, `masks` and the scores do not fit one another.
    """
    if n < 2 or tuple(x.shape) != (1, x.shape[1], masks.height, masks.width):
        raise ValueError(f"an input of {tuple(x.shape)} cannot be explained by {n} masks of {masks.height}×{masks.width}")
    picture = x.cpu().contiguous().numpy()
    covered = np.empty((batch, *picture.shape[1:]), np.float32)
    totals, done, converged = _Totals(masks), 0, 0
    for drawn, cover in masks.batches(_sizes(n, batch)):
        np.multiply(picture, cover[:, None], out=covered[: len(cover)])
        totals.add(drawn, score(torch.from_numpy(covered[: len(cover)])))
        done += len(cover)
        on_progress(done, n)
        if stop_at is not None and done % CHECK_EVERY == 0:
            converged = converged + 1 if totals.reliability() >= stop_at else 0
            if converged == checks:
                break
    return totals.explanation()


def _sizes(n: int, batch: int) -> Iterator[int]:
    """Batches that end where convergence is looked at, so that whether it stops does not depend on them either."""
    for start in range(0, n, CHECK_EVERY):
        end = min(start + CHECK_EVERY, n)
        yield from (min(batch, end - at) for at in range(start, end, batch))


class _Totals:
    """Σ f(I⊙M_i)·M_i and ΣM_i, of the two halves of the masks apart, without ever adding up whole masks.

    A mask is linear in its grid: M_i = R_iᵀ·G_i·C_i with R_i, C_i given by its offset. So f_i·G_i, cells² numbers, is added up for each
    offset, and enlarged in the end: Σ f_i·M_i = Σ over offsets of Rᵀ·(Σ f_i·G_i)·C, one product of matrices.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._done = 0

    def add(self, drawn: Drawn, scores: Floats) -> None:
        masks = len(drawn.visible)
        if scores.ndim != 2 or len(scores) != masks:
            raise ValueError(f"{masks} inputs must give {masks}×K scores, not {scores.shape}")
        weights = np.hstack([scores, np.ones((masks, 1))])  # the last column adds up the masks themselves
        if not self._done:
            offsets = len(self._masks.rows), len(self._masks.columns)
            self._grids = np.zeros((2, *offsets, weights.shape[1], *drawn.visible.shape[1:]))
            self._sums = np.zeros((2, weights.shape[1]))
        np.add.at(self._grids, (drawn.half, drawn.top, drawn.left), weights[:, :, None, None] * drawn.visible[:, None])
        np.add.at(self._sums, drawn.half, weights)
        self._done += masks

    def explanation(self) -> Explanation:
        total, sums = self._enlarged(self._grids.sum(axis=0)), self._sums.sum(axis=0)
        return Explanation(
            maps=(total[:-1] / (self._masks.p * self._done)).astype(np.float32),
            signed=self._signed(total, sums).astype(np.float32),
            reliability=_reliability(*self._products()),
            masks=self._done,
        )

    def reliability(self) -> float:
        """Of all maps together, those of high scores counting most."""
        return float(_reliability(*(product.sum() for product in self._products())))

    def _products(self) -> tuple[Floats, Floats, Floats]:
        """For each score: one·other, one·one, other·other of the signed maps of the two halves, less their means."""
        one, other = (self._signed(self._enlarged(grids), sums) for grids, sums in zip(self._grids, self._sums, strict=True))
        one, other = (signed - signed.mean(axis=(1, 2), keepdims=True) for signed in (one, other))
        return (one * other).sum(axis=(1, 2)), (one**2).sum(axis=(1, 2)), (other**2).sum(axis=(1, 2))

    def _signed(self, total: Floats, sums: Floats) -> Floats:
        """Σ (f_i − mean f)·M_i / (E[M]·N)."""
        masks = max(1.0, sums[-1])  # of few masks all may be of one half
        signed: Floats = (total[:-1] - (sums[:-1] / masks)[:, None, None] * total[-1]) / (self._masks.p * masks)
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
