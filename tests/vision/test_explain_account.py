"""All methods asked about one diagnosis of one picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.vision import classify, weights
from analysis.vision.explain import account, rise, trust
from analysis.vision.explain.account import METHODS, Account, Question, Scene
from analysis.vision.occlusion import Occlusions
from analysis.vision.types import CLASSES
from analysis.vision.weights import Model
from tests.vision import tiny

HEIGHT, WIDTH = 90, 120
X = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
QUESTION = Question("BCC", masks=40, cells=4, seed=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Two networks side by side, one of them given more weight, so that they differ."""
    folder = tiny.write_model(tmp_path_factory.mktemp("models"), "classification", architecture="mobilenet_v2_efficientnet_lite2_lite0")
    return weights.load_model(folder)


@pytest.fixture(scope="module")
def scene() -> Scene:
    lesion, nothing = np.zeros((2, HEIGHT, WIDTH), np.bool_)
    lesion[30:60, 40:80] = True
    return Scene(lesion, Occlusions(hair=nothing, ruler=nothing))


@pytest.fixture(scope="module")
def given(model: Model, scene: Scene) -> Account:
    return account.give(X, scene, model, QUESTION, lambda _method, _share: None)


def test_every_method_answers_at_the_size_of_the_picture(given: Account, model: Model) -> None:
    assert tuple(explained.method for explained in given.explained) == METHODS
    for explained in given.explained:
        assert explained.signed.shape == (HEIGHT, WIDTH)
        assert explained.signed[:, :15].max() == explained.signed[:, 105:].max() == 0  # beside the square that the classifier sees
        assert np.abs(explained.signed).max() > 0
    assert given.probability == pytest.approx(float(classify.probabilities(X, model)[0, CLASSES.index("BCC")]))
    assert given.masks_used == 40


def test_rise_is_that_of_all_networks_together(given: Account, model: Model) -> None:
    expected = rise.rise(X, partial(classify.probabilities, model=model), rise.Masks(64, 64, cells=4, seed=2), 40)
    middle = given.explained[METHODS.index("rise")].signed[:, 15:105]
    low = expected.signed[CLASSES.index("BCC")]
    assert np.corrcoef(middle[::3, ::3].ravel(), np.asarray(low)[np.ix_(*[np.linspace(0, 63, 30).astype(int)] * 2)].ravel())[0, 1] > 0.9
    assert given.explained[METHODS.index("rise")].reliability == pytest.approx(expected.reliability[CLASSES.index("BCC")])


def test_grad_cam_is_a_density_whose_mean_is_the_logit_less_the_bias(given: Account, model: Model) -> None:
    column = CLASSES.index("BCC")
    logit = float(classify.look(X, model).scores[0, column]) - float(model.network.get_parameter("classifier.1.bias")[column])
    square = given.explained[0].signed[:, 15:105]
    assert float(square.mean()) == pytest.approx(logit, rel=0.1, abs=0.02)


def test_each_is_judged_beside_another(given: Account) -> None:
    for explained in given.explained:
        assert explained.compared_with == ("grad_cam" if explained.method == "rise" else "rise")
        assert -1 <= (explained.agreement.rank_correlation or 0) <= 1
        assert len(explained.faithfulness.deletion.scores) == trust.STEPS + 1
        assert (explained.reliability is not None) == (explained.method == "rise")


def test_a_rise_map_that_is_noise_says_nothing_against_the_others(given: Account) -> None:
    """40 masks of a network with random weights."""
    by_rise = given.explained[METHODS.index("rise")]
    assert by_rise.reliability is not None
    assert by_rise.reliability < trust.MIN_RELIABILITY
    assert any("chance" in doubt for doubt in by_rise.doubts)
    others = [doubt for explained in given.explained if explained is not by_rise for doubt in explained.doubts]
    assert not any("Another method" in doubt for doubt in others)


def test_the_same_question_gives_the_same_account(given: Account, model: Model, scene: Scene) -> None:
    again = account.give(X, scene, model, QUESTION, lambda _method, _share: None)
    for one, other in zip(given.explained, again.explained, strict=True):
        np.testing.assert_array_equal(one.signed, other.signed)


def test_progress_grows_to_the_end_and_may_cancel(model: Model, scene: Scene) -> None:
    told: list[tuple[str, float]] = []
    account.give(X, scene, model, QUESTION, lambda method, share: told.append((method, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], max(shares) < 1) == (0.0, True)
    assert {method for method, _ in told} == set(METHODS)

    def stop(method: str, _share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        account.give(X, scene, model, QUESTION, stop)


def test_a_diagnosis_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="none of MEL"):
        Question("XYZ")


def test_a_single_network_is_explained_too(tmp_path: Path, scene: Scene) -> None:
    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    given = account.give(X, scene, model, Question("MEL", masks=16, cells=3), lambda _method, _share: None)
    assert [explained.method for explained in given.explained] == list(METHODS)
