from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from analysis.vision import classify, imaging, weights
from analysis.vision.types import CLASSES
from tests.vision import tiny


def probabilities(**given: float) -> NDArray[np.float64]:
    """The named classes as given, the rest sharing what is left."""
    rest = (1 - sum(given.values())) / (len(CLASSES) - len(given))
    return np.array([given.get(label, rest) for label in CLASSES])


@pytest.mark.parametrize(
    ("p", "classes", "expected"),
    [
        (0.67, 8, 62.2857),  # the report prints 62.4 from an unrounded p
        (0.28, 8, 17.7143),  # the report prints 17.4
        (0.75, 2, 50.0),
        (1.0, 2, 100.0),
        (0.51, 2, 2.0),  # the report's text says 0.5, its formula says 2
        (0.125, 8, 0.0),
        (0.0, 8, -14.2857),
    ],
)
def test_confidence_is_the_reports_formula(p: float, classes: int, expected: float) -> None:
    assert classify.confidence_percent(p, classes) == pytest.approx(expected, abs=1e-3)


def test_only_classes_above_chance_are_listed_most_probable_first() -> None:
    result = classify.present(probabilities(BKL=0.67, MEL=0.28), threshold=0.3, p_dermoscopic=0.9)
    assert [score.label for score in result.scores if score.is_listed] == ["BKL", "MEL"]
    assert [score.probability for score in result.scores] == sorted((s.probability for s in result.scores), reverse=True)
    assert len(result.scores) == 8


def test_malignancy_is_the_mass_of_mel_bcc_scc_and_ak() -> None:
    result = classify.present(probabilities(MEL=0.1, BCC=0.2, SCC=0.05, AK=0.15, NV=0.5), threshold=0.5, p_dermoscopic=0.9)
    assert result.p_malignant == pytest.approx(0.5)
    assert result.is_suspicious
    assert result.malignant_confidence_percent == pytest.approx(0.0)


def test_uncertainty_runs_from_certain_to_uniform() -> None:
    assert classify.uncertainty(np.array([1.0, 0, 0, 0, 0, 0, 0, 0])) == 0
    assert classify.uncertainty(np.full(8, 1 / 8)) == pytest.approx(1.0)
    assert classify.uncertainty(np.array([0.5, 0.5, 0, 0, 0, 0, 0, 0])) == pytest.approx(1 / 3)  # log 2 / log 8


def test_calibration_by_hand() -> None:
    raw = np.log(np.array([[1.0, 2.0, 5.0]]))
    assert classify.calibrate(raw, 1.0, (0.0, 0.0, 0.0))[0] == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert classify.calibrate(raw, 0.5, (0.0, 0.0, 0.0))[0] == pytest.approx([1 / 30, 4 / 30, 25 / 30])
    assert classify.calibrate(raw, 1.0, (np.log(5), 0.0, 0.0))[0] == pytest.approx([5 / 12, 2 / 12, 5 / 12])


def test_calibration_survives_huge_scores() -> None:
    assert classify.calibrate(np.array([[1e4, 0.0]]), 1.0, (0.0, 0.0))[0] == pytest.approx([1.0, 0.0])


def test_the_classifier_sees_the_centred_square_scaled_to_minus_one_to_one() -> None:
    image = np.zeros((40, 80, 3), dtype=np.uint8)
    image[:, 20:60] = 255
    x = classify.to_input(imaging.centre_square(image), 16)
    assert x.shape == (1, 3, 16, 16)
    assert float(x.min()) == float(x.max()) == 1.0


def test_one_pass_gives_scores_features_and_modality_as_the_network_would(tmp_path: Path) -> None:
    model = weights.load_model(tiny.write_model(tmp_path, "classification"))
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        expected = model.network(x).numpy()
    seen = classify.look(x, model)
    assert seen.scores == pytest.approx(expected[:, :8], abs=1e-5)
    assert seen.p_dermoscopic == pytest.approx(1 / (1 + np.exp(-expected[:, 8])), abs=1e-5)
    assert seen.features.shape == (2, 1280)
