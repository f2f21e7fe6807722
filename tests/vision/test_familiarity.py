"""Distances by hand, limits by construction, and a reference that is refused when it is not the one on the card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.vision import familiarity, weights
from analysis.vision.errors import ModelError
from analysis.vision.familiarity import Reference
from analysis.vision.training import familiarity as fitting
from analysis.vision.training import strangers
from tests.vision import tiny

Rows = NDArray[np.float64]


def by_hand(**changes: NDArray[np.floating]) -> Reference:
    """Three features of which the first two are looked at; the first spreads twice as far. Classes at (1, 1) ± (2, 0)."""
    fields = {
        "centre": np.array([1.0, 1.0, 0.0]),
        "axes": np.eye(3)[:2],
        "whitening": np.diag([0.5, 1.0]),
        "means": np.array([[1.0, 0.0], [-1.0, 0.0]]),
        "residual_variance": np.array(4.0),
        "weights": np.array([0.0, 1.0]),
        "limits": np.array([9.0, 100.0]),
    }
    return Reference(**{**fields, **changes})


def test_distance_by_hand() -> None:
    points = np.array(
        [
            [3.0, 1.0, 0.0],  # the first class' mean
            [1.0, 1.0, 0.0],  # between both: one whitened unit from either
            [7.0, 4.0, 0.0],  # whitened (3, 3): (3 − 1)² + 3²
            [3.0, 1.0, 6.0],  # outside the plane: 6² / 4
        ]
    )
    assert by_hand().distance(points) == pytest.approx([0, 1, 13, 9])


def test_log_odds_by_hand() -> None:
    assert by_hand(weights=np.array([2.0, -1.0])).log_odds(np.array([[3.0, 4.0, 9.0]])) == pytest.approx([2 * 1 - 3])


def test_the_limit_scores_one_half() -> None:
    assert familiarity.judge(np.array([3.0, 4.0, 0.0]), by_hand()).unfamiliar == pytest.approx(0.5)  # distance 3² of 9
    on_odds = by_hand(limits=np.array([1e9, 3.0]))
    assert familiarity.judge(np.array([3.0, 4.0, 0.0]), on_odds).unfamiliar == pytest.approx(0.5)  # log odds 3 of 3


def test_the_less_favourable_of_both_answers_counts() -> None:
    point = np.array([[3.0, 4.0, 0.0]])
    assert by_hand(limits=np.array([27.0, 100.0])).unfamiliar(point) == pytest.approx([9 / 36])
    assert by_hand(limits=np.array([27.0, 2.0])).unfamiliar(point) == pytest.approx([1 / (1 + np.exp(-1))])


def test_farther_is_less_familiar_and_never_leaves_zero_to_one() -> None:
    steps = np.array([[3.0, 1.0 + step, 0.0] for step in np.linspace(0, 60, 50)])
    scores = by_hand().unfamiliar(steps)
    assert (np.diff(scores) > 0).all()
    assert 0 <= scores[0] < 0.01
    assert 0.99 < scores[-1] <= 1
    far = by_hand(weights=np.array([1e6, 1e6])).unfamiliar(np.array([[1e6, 1e6, 1e6], [-1e6, -1e6, 0.0]]))
    assert ((far >= 0) & (far <= 1)).all()


def drawn_features(n: int, seed: int, shift: float = 0.0) -> Rows:
    """Features on which two classes differ, in 12 dimensions."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(shift, np.linspace(2, 0.2, 12), (n, 12))
    rows[: n // 2, 0] += 6
    return rows


@pytest.fixture(scope="module")
def learnt() -> Reference:
    known = drawn_features(400, seed=1)
    draft = fitting.learn(known, ["NV"] * 200 + ["MEL"] * 200, drawn_features(100, seed=2, shift=2.0), axes=4)
    return fitting.limited(draft, drawn_features(300, seed=3))


def test_ninety_five_in_a_hundred_of_val_are_kept(learnt: Reference) -> None:
    scores = learnt.unfamiliar(drawn_features(300, seed=3))
    assert (scores < 0.5).sum() == 285
    assert scores.min() >= 0
    assert np.sort(scores)[285] == pytest.approx(0.5)


def test_both_limits_leave_out_the_same_share_of_val(learnt: Reference) -> None:
    val = drawn_features(300, seed=3)
    assert (learnt.distance(val) >= learnt.limits[0]).sum() == (learnt.log_odds(val) >= learnt.limits[1]).sum()


def test_the_like_are_kept_and_strangers_refused(learnt: Reference) -> None:
    assert (learnt.unfamiliar(drawn_features(400, seed=4)) < 0.5).mean() == pytest.approx(0.95, abs=0.04)
    assert (learnt.unfamiliar(drawn_features(100, seed=5, shift=2.0)) >= 0.5).mean() > 0.95
    assert (learnt.unfamiliar(drawn_features(100, seed=6, shift=-9.0)) >= 0.5).all()  # nothing like it was learnt from


def test_spread_within_classes_is_one_after_whitening_but_for_the_shrinkage() -> None:
    rng = np.random.default_rng(7)
    known = rng.normal(0, [5.0, 2.0, 0.5], (4000, 3))
    v = np.array([25.0, 4.0, 0.25])
    reference = fitting.learn(known, ["NV"] * len(known), known[:50] + 9, axes=3)
    assert reference.coordinates(known).std(axis=0) == pytest.approx(np.sqrt(v / (0.95 * v + 0.05 * v.mean())), rel=0.05)


def test_small_classes_have_no_mean_of_their_own() -> None:
    inside = np.array([[0.0], [2.0]] * 8 + [[50.0]] * 3)
    assert fitting.class_means(inside, ["NV"] * 16 + ["SCC"] * 3) == pytest.approx(np.array([[1.0]]))


def test_fitting_twice_gives_the_same_to_the_bit(learnt: Reference) -> None:
    again = fitting.learn(drawn_features(400, seed=1), ["NV"] * 200 + ["MEL"] * 200, drawn_features(100, seed=2, shift=2.0), axes=4)
    assert np.array_equal(again.weights, learnt.weights)
    assert np.array_equal(again.whitening, learnt.whitening)


def test_stored_and_reloaded_it_scores_the_same(learnt: Reference, tmp_path: Path) -> None:
    learnt.save(tmp_path / familiarity.FILE)
    rows = drawn_features(50, seed=8)
    assert np.array_equal(familiarity.load(tmp_path / familiarity.FILE).unfamiliar(rows), learnt.unfamiliar(rows))


def test_a_loaded_classifier_judges(tmp_path: Path) -> None:
    known = weights.reference_of(weights.load_model(tiny.write_model(tmp_path, "classification")))
    at_limit = np.full(1280, np.sqrt(100 / 1280))
    assert familiarity.judge(at_limit, known).unfamiliar == pytest.approx(0.5)
    assert not familiarity.judge(at_limit / 2, known).is_unfamiliar
    assert familiarity.judge(at_limit * 2, known).is_unfamiliar


def without_card_entry(folder: Path) -> None:
    card = json.loads((folder / weights.CARD_FILE).read_text())
    del card["familiarity"]
    (folder / weights.CARD_FILE).write_text(json.dumps(card))


def other_content(folder: Path) -> None:
    by_hand().save(folder / familiarity.FILE)


def no_file(folder: Path) -> None:
    (folder / familiarity.FILE).unlink()


def truncated(folder: Path) -> None:
    path = folder / familiarity.FILE
    path.write_bytes(path.read_bytes()[:100])
    card = json.loads((folder / weights.CARD_FILE).read_text())
    (folder / weights.CARD_FILE).write_text(json.dumps({**card, "familiarity": {"sha256": weights.sha256(path)}}))


@pytest.mark.parametrize(
    ("damage", "code"),
    [(without_card_entry, "bad-card"), (other_content, "digest"), (no_file, "no-weights"), (truncated, "bad-weights")],
)
def test_a_classifier_that_does_not_say_what_it_knows_is_refused(tmp_path: Path, damage: Callable[[Path], None], code: str) -> None:
    folder = tiny.write_model(tmp_path, "classification")
    damage(folder)
    with pytest.raises(ModelError) as error:
        weights.load_model(folder)
    assert error.value.code == code


def test_a_model_without_a_reference_is_an_error_in_words(tmp_path: Path) -> None:
    model = weights.load_model(tiny.write_model(tmp_path, "lesion"))
    with pytest.raises(ModelError, match="which images it knows"):
        weights.reference_of(model)


# --- strangers

KINDS = sorted({**strangers.FITTED, **strangers.HELD_OUT})


@pytest.mark.parametrize("kind", KINDS)
def test_drawings_are_the_same_every_time_and_different_each(kind: str) -> None:
    first, again, other = (np.stack(list(strangers.drawn(kind, 2, seed))) for seed in (0, 0, 1))
    assert first.shape == (2, 256, 256, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, other)


def test_kinds_differ_and_none_is_both_learnt_and_held_out() -> None:
    assert not strangers.FITTED.keys() & strangers.HELD_OUT.keys()
    pictures = [next(strangers.drawn(kind, 1, seed=0)).tobytes() for kind in KINDS]
    assert len(set(pictures)) == len(KINDS)


def test_photographs_come_whole_and_in_quarters_from_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = list(strangers.photographs())
    assert len(pictures) == 5 * 10
    assert all(picture.ndim == 3 and picture.dtype == np.uint8 for picture in pictures)
    assert np.array_equal(pictures[1], pictures[0][:256, :256])  # 512×512: the first quarter
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert not list(strangers.photographs())


def test_the_largest_square_beside_a_lesion() -> None:
    taken = np.zeros((200, 300), bool)
    taken[:, :150] = True
    found = strangers.free_square(taken)
    assert found is not None
    top, left, side = found
    assert 147 <= side <= 150  # 150 columns are free; the side is odd
    assert not taken[top : top + side, left : left + side].any()
    assert taken.shape[1] >= left + side
    assert taken.shape[0] >= top + side


def test_too_little_skin_is_no_skin() -> None:
    taken = np.ones((200, 200), bool)
    taken[:60, :60] = False
    assert strangers.free_square(taken) is None


def test_the_mask_grows_on_every_side() -> None:
    mask = np.zeros((100, 100), bool)
    mask[50, 50] = True
    reach = np.argwhere(strangers.grown(mask))
    assert (reach.min(axis=0).tolist(), reach.max(axis=0).tolist()) == ([44, 44], [56, 56])


def test_tiling_keeps_the_skin_and_mirrors_it() -> None:
    crop = np.random.default_rng(9).integers(0, 255, (100, 130, 3), np.uint8)
    whole = strangers.tiled(crop)
    assert whole.shape == (256, 256, 3)
    assert np.array_equal(whole[:100, :130], crop)
    assert np.array_equal(whole[100:200, :130], crop[::-1])
