"""RISE against the formula of its paper, computed from the same masks all at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from analysis.vision import classify, weights
from analysis.vision.explain.rise import CHECK_EVERY, Floats, Masks, rise
from tests.vision import tiny

HEIGHT, WIDTH = 20, 27
X = torch.from_numpy(np.random.default_rng(5).random((1, 3, HEIGHT, WIDTH), dtype=np.float32))


def masks(**changes: float) -> Masks:
    return Masks(HEIGHT, WIDTH, **{"cells": 4, "seed": 3, **changes})  # type: ignore[arg-type]


def score(x: Tensor) -> Floats:
    """Two scores: the mean of the upper left quarter, and the square of the mean of all."""
    quarter, whole = x[:, :, : HEIGHT // 2, : WIDTH // 2].mean((1, 2, 3)), x.mean((1, 2, 3)) ** 2
    return np.stack([quarter.numpy(), whole.numpy()], axis=1).astype(np.float64)


def all_at_once(chosen: Masks, n: int) -> NDArray[np.float32]:
    return np.concatenate([cover for _, cover in chosen.batches([n])])


def textbook(chosen: Masks, n: int) -> Floats:
    """S = 1/(E[M]·N)·Σ f(I⊙M_i)·M_i (Petsiuk et al. 2018, eq. 6)."""
    cover = all_at_once(chosen, n)
    scores = score(X * torch.from_numpy(cover)[:, None])
    return np.asarray(np.einsum("nk,nhw->khw", scores, cover.astype(np.float64)) / (chosen.p * n))


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 90), cells=st.integers(1, 9), p=st.floats(0.1, 0.9), seed=st.integers(0, 1000), batch=st.integers(1, 20))
def test_the_maps_are_those_of_the_formula(n: int, cells: int, p: float, seed: int, batch: int) -> None:
    chosen = masks(cells=cells, p=p, seed=seed)
    found = rise(X, score, chosen, n, batch=batch)
    assert found.masks == n
    assert found.maps.dtype == np.float32
    np.testing.assert_allclose(found.maps, textbook(chosen, n), atol=1e-6)


def test_signed_maps_are_those_of_the_scores_less_their_mean() -> None:
    cover = all_at_once(masks(), 70)
    scores = score(X * torch.from_numpy(cover)[:, None])
    expected = np.einsum("nk,nhw->khw", scores - scores.mean(axis=0), cover.astype(np.float64)) / (0.5 * 70)
    np.testing.assert_allclose(rise(X, score, masks(), 70).signed, expected, atol=1e-6)


def test_masks_are_grids_enlarged_bilinearly_and_cut() -> None:
    """Cells of 5×7 pixels, so grids of 4×4 become 25×35. PyTorch enlarges with the same geometry."""
    ((drawn, cover),) = masks().batches([40])
    enlarged = functional.interpolate(torch.from_numpy(drawn.visible)[:, None], size=(25, 35), mode="bilinear")[:, 0].numpy()
    for index, (top, left) in enumerate(zip(drawn.top, drawn.left, strict=True)):
        np.testing.assert_allclose(cover[index], enlarged[index, top : top + HEIGHT, left : left + WIDTH], atol=1e-5)
    ((drawn, _),) = masks().batches([32 * 60])
    assert set(drawn.top) == set(range(5))
    assert set(drawn.left) == set(range(7))


def test_as_much_is_visible_as_asked_for() -> None:
    for p in (0.2, 0.5, 0.8):
        cover = all_at_once(masks(p=p), 2000)
        assert cover.min() >= 0
        assert cover.max() <= 1
        assert cover.mean(axis=0) == pytest.approx(p, abs=0.05)


@pytest.mark.parametrize("cells", [2, 4, 8])
def test_in_a_block_every_two_cells_are_together_in_a_quarter_of_the_masks(cells: int) -> None:
    """Of 2·cells² masks at one offset; in the next block at another one, of the other half."""
    count = 2 * cells**2
    one, other = (drawn for drawn, _ in Masks(64, 64, cells=cells, seed=5).batches([count, count]))
    for drawn, half in ((one, 0), (other, 1)):
        together = np.einsum("na,nb->ab", *[drawn.visible.reshape(count, -1)] * 2)
        assert np.array_equal(together, np.where(np.eye(cells**2), count / 2, count / 4))
        assert set(drawn.half) == {half}
        assert len(set(zip(drawn.top, drawn.left, strict=True))) == 1
    assert not np.array_equal(one.visible, other.visible)


def test_for_a_linear_score_one_block_tells_what_each_cell_is_worth() -> None:
    """Drawn each by itself, masks leave noise; in balanced ones, the worth of one cell does not disturb that of another."""
    worth = np.random.default_rng(3).normal(size=(HEIGHT, WIDTH))

    def linear(x: Tensor) -> Floats:
        return np.asarray(np.einsum("nhw,hw->n", x[:, 0].numpy(), worth)[:, None], np.float64)

    chosen = masks()
    found = rise(torch.ones_like(X), linear, chosen, 32).signed[0]
    ((drawn, _),) = chosen.batches([1])
    rows, columns = chosen.rows[drawn.top[0]], chosen.columns[drawn.left[0]]
    of_each_cell = rows @ worth @ columns.T
    # In a block cov(G_a, G_b) is 1/4 for a = b and 0 else, so the map is a quarter of the cells' worths, enlarged, over E[M].
    np.testing.assert_allclose(found, rows.T @ (of_each_cell / 4 / 0.5) @ columns, atol=1e-4)


@pytest.mark.parametrize(("cells", "p"), [(3, 0.5), (4, 0.4)])
def test_else_every_mask_is_drawn_by_itself(cells: int, p: float) -> None:
    ((drawn, _),) = masks(cells=cells, p=p).batches([40])
    assert len(set(zip(drawn.top.tolist(), drawn.left.tolist(), strict=True))) > 10
    assert drawn.half.tolist() == [0, 1] * 20


def test_a_seed_gives_the_same_masks_however_many_are_made_at_a_time() -> None:
    one_by_one = np.concatenate([cover for _, cover in masks().batches([1] * 9)])
    np.testing.assert_array_equal(one_by_one, all_at_once(masks(), 9))
    assert (one_by_one != all_at_once(masks(seed=4), 9)).any()


@pytest.mark.parametrize("stop_at", [None, 0.6])
def test_the_batch_changes_nothing(stop_at: float | None) -> None:
    found = [rise(X, score, masks(), 333, batch=batch, stop_at=stop_at) for batch in (1, 8, 50, 1000)]
    for other in found[1:]:
        assert other.masks == found[0].masks
        np.testing.assert_allclose(other.maps, found[0].maps, atol=1e-6)
        np.testing.assert_allclose(other.reliability, found[0].reliability, atol=1e-6)


def test_evidence_for_and_against_is_where_it_was_put() -> None:
    """The score is one spot less another."""

    def two_spots(x: Tensor) -> Floats:
        return np.asarray((x[:, 0, 3:6, 3:6].mean((1, 2)) - x[:, 0, 14:17, 20:23].mean((1, 2))).numpy()[:, None], np.float64)

    signed = rise(torch.ones_like(X), two_spots, masks(), 2000).signed[0]
    assert signed[4, 4] == pytest.approx(-signed[15, 21], rel=0.2)
    assert signed[4, 4] > 0.9 * signed.max()
    assert abs(signed[4, 24]) < 0.2 * signed[4, 4]


def test_a_score_that_never_changes_leaves_no_signed_map() -> None:
    found = rise(X, lambda x: np.full((len(x), 1), 0.7), masks(), 100)
    np.testing.assert_allclose(found.maps[0], 0.7 * all_at_once(masks(), 100).mean(axis=0) / 0.5, rtol=1e-5)
    np.testing.assert_allclose(found.signed, 0, atol=1e-7)
    assert found.reliability.tolist() == [0]


def test_progress_is_told_after_every_batch() -> None:
    told: list[tuple[int, int]] = []
    rise(X, score, masks(), 21, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(8, 21), (16, 21), (21, 21)]


def test_progress_may_cancel() -> None:
    asked: list[int] = []

    class CancelledError(Exception):
        pass

    def cancel(done: int, _total: int) -> None:
        if done >= 16:
            raise CancelledError

    def counted(x: Tensor) -> Floats:
        asked.append(len(x))
        return score(x)

    with pytest.raises(CancelledError):
        rise(X, counted, masks(), 1000, on_progress=cancel)
    assert asked == [8, 8]


def test_it_stops_once_the_map_has_converged_as_often_as_asked() -> None:
    once, thrice = (rise(X, score, masks(), 4000, stop_at=0.9, checks=checks) for checks in (1, 3))
    assert once.masks % CHECK_EVERY == thrice.masks % CHECK_EVERY == 0
    assert once.masks + 2 * CHECK_EVERY <= thrice.masks < 4000
    assert once.reliability.max() >= 0.9


def test_it_does_not_stop_unasked_nor_on_noise() -> None:
    random = np.random.default_rng(0)
    assert rise(X, score, masks(), 600).masks == 600
    noise = rise(X, lambda x: random.random((len(x), 1)), masks(), 600, stop_at=0.9)
    assert noise.masks == 600
    assert noise.reliability[0] < 0.7


def test_reliability_foretells_how_like_a_map_of_other_masks_is() -> None:
    one, other = (rise(X, score, masks(seed=seed), 400) for seed in (1, 2))
    found = np.corrcoef(one.signed[0].ravel(), other.signed[0].ravel())[0, 1]
    assert one.reliability[0] == pytest.approx(found, abs=0.1)


def test_memory_does_not_grow_with_the_number_of_masks() -> None:
    def peak_bytes(n: int) -> int:
        chosen = masks()
        tracemalloc.start()
        rise(X, score, chosen, n)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_bytes(16)  # whatever is made once
    assert peak_bytes(3200) < peak_bytes(320) + 200_000, "3,200 masks of 20×27 would take 7 MB"


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be explained"):
        rise(X, score, Masks(WIDTH, HEIGHT), 10)
    with pytest.raises(ValueError, match="cannot be explained"):
        rise(X, score, masks(), 1)
    with pytest.raises(ValueError, match="must give 8×K scores"):
        rise(X, lambda x: x.mean((1, 2, 3)).numpy().astype(np.float64), masks(), 10)
    with pytest.raises(ValueError, match="masks need"):
        masks(p=1.0)
    with pytest.raises(ValueError, match="masks need"):
        masks(cells=HEIGHT + 1)


def test_a_model_of_the_register_is_explained_for_all_classes_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Probabilities add up to 1, so what speaks for one class speaks against others."""
    model = weights.load_model(tiny.write_model(tmp_path_factory.mktemp("models"), "classification"))
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    chosen = Masks(64, 64, cells=4)
    found = rise(x, lambda covered: classify.probabilities(covered, model), chosen, 24)
    cover = all_at_once(chosen, 24)
    scores = classify.probabilities(x * torch.from_numpy(cover)[:, None], model)
    np.testing.assert_allclose(found.maps, np.einsum("nk,nhw->khw", scores, cover) / 12, atol=1e-4)
    np.testing.assert_allclose(found.signed.sum(axis=0), 0, atol=1e-6)
