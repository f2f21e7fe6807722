"""How far from the usual: by hand in two dimensions, and fitted on drawn features."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.vision import familiarity, weights
from analysis.vision.errors import ModelError
from analysis.vision.familiarity import Reference
from analysis.vision.training import familiarity as fitting
from analysis.vision.training import strangers
from tests.synthetic import draw_lesion
from tests.vision import tiny


@pytest.fixture
def reference() -> Reference:
    """Features (x, y, z) around (1, 0, 0); one axis, x, spread 2; classes at x = 1 and x = 5; z is outside."""
    return Reference(
        centre=np.array([1.0, 0.0, 0.0]),
        axes=np.array([[1.0, 0.0, 0.0]]),
        whitening=np.array([[0.5]]),
        means=np.array([[0.0], [2.0]]),
        residual_variance=np.array(4.0),
        weights=np.array([-1.0]),
        limits=np.array([9.0, 2.0]),
    )


@pytest.mark.parametrize(
    ("features", "squared_distance"),
    [
        ((1.0, 0.0, 0.0), 0.0),
        ((5.0, 0.0, 0.0), 0.0),  # the other class
        ((3.0, 0.0, 0.0), 1.0),  # between them: (3 - 1) / 2 = 1 from either
        ((1.0, 4.0, 2.0), 5.0),  # (16 + 4) / 4 outside the axis
        ((9.0, 2.0, 0.0), 5.0),  # (4 - 2)^2 + 4 / 4
    ],
)
def test_the_distance_by_hand(reference: Reference, features: tuple[float, ...], squared_distance: float) -> None:
    assert reference.distance(np.array([features])) == pytest.approx([squared_distance])


def test_half_is_reached_at_the_limit_of_either_score(reference: Reference) -> None:
    far, odd = np.array([[1.0, 6.0, 0.0]]), np.array([[-3.0, 0.0, 0.0]])
    assert reference.distance(far) == pytest.approx([9.0])
    assert reference.unfamiliar(far) == pytest.approx([0.5])
    assert reference.log_odds(odd) == pytest.approx([2.0])
    assert reference.unfamiliar(odd) == pytest.approx([0.5])
    assert familiarity.judge(far[0], reference).is_unfamiliar
    assert not familiarity.judge(np.array([1.0, 0.0, 0.0]), reference).is_unfamiliar


def test_farther_is_less_familiar_and_never_beyond_one(reference: Reference) -> None:
    scores = reference.unfamiliar(np.array([[1.0, y, 0.0] for y in (3, 5, 20, 1e3)]))
    assert (np.diff(scores) > 0).all()
    assert scores[0] >= 0
    assert scores[-1] <= 1


def test_what_is_stored_judges_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    fitted = fitting._principal(rng.normal(size=(200, 90)), rng.integers(0, 3, 200))
    fitted.save(tmp_path / familiarity.FILE)
    loaded = familiarity.load(tmp_path / familiarity.FILE)
    pictures = rng.normal(size=(20, 90)) * 3
    assert np.array_equal(loaded.unfamiliar(pictures), fitted.unfamiliar(pictures))


def test_classes_have_unit_spread_in_whitened_coordinates() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 4000)
    usual = rng.normal(size=(4000, 70)) * np.linspace(5, 0.1, 70) + labels[:, None] * 8.0
    fitted = fitting._principal(usual, labels)
    coordinates = fitted.coordinates(usual)
    within = coordinates - np.array([coordinates[labels == k].mean(axis=0) for k in (0, 1)])[labels]
    assert np.cov(within.T, bias=True) == pytest.approx(np.eye(fitting.AXES), abs=0.02)


def test_the_limits_keep_nineteen_of_twenty() -> None:
    rng = np.random.default_rng(3)
    val = rng.normal(size=(1000, 80))
    usual = fitting._principal(rng.normal(size=(500, 80)), rng.integers(0, 2, 500))
    fitted = fitting._limited(replace(usual, weights=rng.normal(size=fitting.AXES)), val)
    kept = (fitted.unfamiliar(val) < 0.5).mean()
    assert kept == pytest.approx(fitting.KEPT, abs=0.003)
    assert (fitted.unfamiliar(val * 6) >= 0.5).all()


def test_regression_points_towards_the_strangers() -> None:
    rng = np.random.default_rng(4)
    inside, outside = rng.normal(size=(300, 5)), rng.normal(size=(60, 5)) + np.eye(5)[1] * 2
    weights_found = fitting._apart(inside, outside)
    assert weights_found.argmax() == 1
    assert (outside @ weights_found).mean() > (inside @ weights_found).mean() + 1


@pytest.mark.parametrize("kind", [*strangers.FITTED, *strangers.HELD_OUT])
def test_drawings_are_pictures_that_differ_and_can_be_drawn_again(kind: str) -> None:
    first, second = strangers.drawn(kind, 2, seed=5)
    again, _ = strangers.drawn(kind, 2, seed=5)
    assert first.shape == (strangers.SIDE_PX, strangers.SIDE_PX, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


def test_plain_skin_is_cut_where_no_lesion_is() -> None:
    drawn = draw_lesion(width=400, height=300)
    found = strangers.free_square(strangers.grown(drawn.mask))
    assert found is not None
    top, left, side = found
    assert side >= strangers.MIN_SKIN_PX
    assert not drawn.mask[top : top + side, left : left + side].any()
    assert strangers.free_square(np.ones((300, 400), np.bool_)) is None


def test_the_largest_square_by_hand() -> None:
    taken = np.ones((200, 300), np.bool_)
    taken[20:121, 150:251] = False
    assert strangers.free_square(taken) == (20, 150, 101)


def test_a_classifier_without_its_description_is_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "classification")
    (folder / familiarity.FILE).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        weights.load_model(folder)


def test_a_changed_description_is_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "classification")
    tiny.reference(features=3).save(folder / familiarity.FILE)
    with pytest.raises(ModelError) as refusal:
        weights.load_model(folder)
    assert refusal.value.code == "digest"


def test_a_card_that_does_not_speak_of_it_is_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "classification")
    card = json.loads((folder / weights.CARD_FILE).read_text())
    del card["familiarity"]
    (folder / weights.CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(ModelError) as refusal:
        weights.load_model(folder)
    assert refusal.value.code == "bad-card"


def test_something_else_than_a_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / familiarity.FILE).write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match="does not describe"):
        familiarity.load(tmp_path / familiarity.FILE)
