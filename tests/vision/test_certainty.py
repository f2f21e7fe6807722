"""Asking again: members of an ensemble taken apart, changed views, and what agreement counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.vision import certainty, classify, networks, weights
from analysis.vision.networks import joined
from analysis.vision.networks.backbones import WIDTH
from analysis.vision.types import CLASSES, Classification, ClassScore
from analysis.vision.weights import Model
from tests.synthetic import draw_lesion
from tests.vision import tiny

ARCHITECTURE = "mobilenet_v2_efficientnet_lite2_lite0"
MEMBERS = ("mobilenet_v2", "efficientnet_lite2", "efficientnet_lite0")
OUTPUTS = len(CLASSES) + 1


def states() -> list[dict[str, Tensor]]:
    torch.manual_seed(3)
    return [networks.build(name, OUTPUTS).state_dict() for name in MEMBERS]


def ensemble(members: list[dict[str, Tensor]], folder: Path) -> Model:
    content = tiny.card("classification", architecture=ARCHITECTURE, sha256="0" * 64)
    (folder / weights.CARD_FILE).write_text(json.dumps(content))
    return weights.assemble(weights.read_card(folder), joined.join(members))


@pytest.fixture(scope="module")
def x() -> Tensor:
    return classify.to_input(draw_lesion(width=128, height=128).image, 64)


def test_each_network_of_an_ensemble_says_what_it_would_say_alone(tmp_path: Path) -> None:
    """Each sees its own third of the feature maps through its own weights; biases, which joining has averaged, are all 0 here."""
    members = states()
    for state in members:
        state["classifier.1.bias"].zero_()
        state["classifier.1.weight"].normal_(0, 0.1)
    model = ensemble(members, tmp_path)
    maps = torch.randn(2, len(MEMBERS) * WIDTH, 3, 3)
    found = classify.opinions(maps, model)
    assert found.shape == (2, 3, len(CLASSES))
    for index, state in enumerate(members):
        pooled = maps[:, index * WIDTH : (index + 1) * WIDTH].mean(dim=(2, 3))
        alone = (pooled @ state["classifier.1.weight"].T)[:, : len(CLASSES)].softmax(dim=1).numpy()
        assert found[:, index] == pytest.approx(alone, abs=1e-2), "weights are rounded to half precision"
    assert np.ptp(found[0, :, 0]) > 0.02, "they would not be told apart otherwise"


def test_a_single_network_is_its_own_only_opinion(x: Tensor, tmp_path: Path) -> None:
    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    maps = model.maps(x)
    (alone,) = classify.opinions(maps, model)[0]
    given = classify.calibrate(classify.read(maps, model).scores, 1.0, (0.0,) * len(CLASSES))[0]
    assert alone == pytest.approx(given, abs=1e-6)


def answer(p: dict[str, float], threshold: float) -> Classification:
    scores = sorted((ClassScore(label, p.get(label, 0.0), 0.0, True) for label in CLASSES), key=lambda score: -score.probability)
    return Classification(tuple(scores), sum(p.get(label, 0.0) for label in ("MEL", "BCC", "SCC", "AK")), 0.0, 0.0, threshold, 1.0)


def vector(**p: float) -> list[float]:
    return [p.get(label, 0.0) for label in CLASSES]


def test_agreement_is_counted_over_networks_and_views(x: Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three networks and two views by hand: one of five would have given the alert, and names another diagnosis."""
    networks_say = np.array([[vector(NV=0.9, MEL=0.1), vector(NV=0.4, MEL=0.6), vector(NV=0.8, BCC=0.2)]])
    views_say = np.array([vector(NV=0.95, MEL=0.05), vector(NV=0.75, AK=0.25)])
    monkeypatch.setattr(classify, "opinions", lambda _maps, _model: networks_say)
    monkeypatch.setattr(classify, "probabilities", lambda _x, _model: views_say)
    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    found = certainty.ask_again(x, torch.zeros(1), model, answer({"NV": 0.8, "MEL": 0.2}, threshold=0.3))
    assert found.networks == pytest.approx((0.1, 0.6, 0.2))
    assert (found.mirrored, found.enlarged) == pytest.approx((0.05, 0.25))
    assert (found.agreeing, found.same_diagnosis) == pytest.approx((0.8, 0.8))
    assert not found.is_steady
    assert certainty.ask_again(x, torch.zeros(1), model, answer({"NV": 0.3, "MEL": 0.7}, threshold=0.65)).agreeing == 0


def test_a_single_network_is_asked_about_the_views_alone(x: Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It has given the answer already: it is not another way of asking."""
    monkeypatch.setattr(classify, "opinions", lambda _maps, _model: np.array([[vector(NV=0.8, MEL=0.2)]]))
    monkeypatch.setattr(classify, "probabilities", lambda _x, _model: np.array([vector(NV=0.9, MEL=0.1), vector(NV=0.5, MEL=0.5)]))
    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    found = certainty.ask_again(x, torch.zeros(1), model, answer({"NV": 0.8, "MEL": 0.2}, threshold=0.3))
    assert (found.networks, found.agreeing) == ((), 0.5)


def test_the_views_are_the_mirror_image_and_the_middle_enlarged(x: Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Tensor] = []

    def look(pictures: Tensor, _model: Model) -> np.ndarray:
        seen.append(pictures)
        return np.array([vector(NV=1.0)] * 2)

    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    monkeypatch.setattr(classify, "probabilities", look)
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64).contiguous()
    certainty.ask_again(ramp, model.maps(ramp), model, answer({"NV": 1.0}, 0.5))
    mirrored, enlarged = seen[0]
    assert torch.equal(mirrored, ramp[0].flip(2))
    assert enlarged.shape == (3, 64, 64)
    assert enlarged[0, 0, [0, -1]].tolist() == pytest.approx([-0.905, 0.905], abs=0.02), "a tenth nearer: less at both sides"
