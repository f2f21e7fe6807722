"""The opinion on the ABCD measurements: what it is computed from, when there is none, what is refused, how it is fitted."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from analysis.vision import abcd, imaging, second_opinion
from analysis.vision.__main__ import main
from analysis.vision.errors import ModelError
from analysis.vision.second_opinion import FEATURES, Model, Regression
from analysis.vision.training import data
from analysis.vision.training import second_opinion as fitting
from analysis.vision.training.data import Example
from analysis.vision.types import Abcd, ColourRegion, ModelUsed
from tests.synthetic import draw_lesion
from tests.vision import tiny

NOWHERE = np.zeros((0, 2), np.float32)
MEASURED = Abcd(
    asymmetry_1=0.25,
    asymmetry_2=0.5,
    border_irregularity=1.5,
    colours=("dark_brown", "red"),
    regions=(
        ColourRegion("dark_brown", 60, 0.5, (0.0, 0.0), NOWHERE),
        ColourRegion("red", 30, 0.25, (0.0, 0.0), NOWHERE),
        ColourRegion("dark_brown", 12, 0.125, (0.0, 0.0), NOWHERE),
    ),
    colour_asymmetry={"dark_brown": 0.1, "red": 0.2},
    diameter_1_px=40.0,
    diameter_2_px=30.0,
    diameter_1_mm=None,
    diameter_2_mm=None,
    scores={},
)
"""Two colours, one of them in two places."""


def model(coefficients: dict[str, float], intercept: float = 0.0, threshold: float = 0.5) -> Model:
    """Unit scale about zero."""
    weights = tuple(coefficients.get(name, 0.0) for name in FEATURES)
    d = len(FEATURES)
    return Model(Regression(FEATURES, (0.0,) * d, (1.0,) * d, 1, weights, intercept, threshold), ModelUsed("abcd", "abcd-tiny", "", ""))


# --- the vector


def test_the_vector_by_hand() -> None:
    values = second_opinion.vector(MEASURED)
    assert values is not None
    expected = dict.fromkeys(FEATURES, 0.0) | {"A1": 0.25, "A2": 0.5, "B": 1.5, "C": 2.0, "D2_over_D1": 0.75}
    expected |= {"share_dark_brown": 0.625, "share_red": 0.25, "asymmetry_dark_brown": 0.1, "asymmetry_red": 0.2}
    assert dict(zip(FEATURES, values.tolist(), strict=True)) == expected


def test_the_distance_of_the_camera_does_not_count() -> None:
    """Twice as many pixels of the same lesion."""
    near = replace(MEASURED, diameter_1_px=80.0, diameter_2_px=60.0)
    assert np.array_equal(second_opinion.vector(near), second_opinion.vector(MEASURED))  # type: ignore[arg-type]


# --- the opinion


def test_the_probability_by_hand() -> None:
    """Log odds 4·A1 − 2·share of red + ln 3 − 0.5 = ln 3: three to one."""
    opinion = second_opinion.judge(MEASURED, model({"A1": 4.0, "share_red": -2.0}, intercept=np.log(3) - 0.5, threshold=0.7))
    assert opinion.p_malignant == pytest.approx(0.75)
    assert opinion.is_suspicious
    assert opinion.failure is None


def test_measurements_are_standardised_and_limited_to_three_standard_deviations() -> None:
    z = second_opinion.standardised(np.array([[1.0, 5.0], [2.0, -100.0]]), mean=(1.0, 1.0), scale=(0.5, 2.0))
    assert z.tolist() == [[0.0, 2.0], [2.0, -3.0]]


def test_degree_2_adds_squares_and_products() -> None:
    assert second_opinion.terms(np.array([[2.0, 3.0]]), 1).tolist() == [[2, 3]]
    assert second_opinion.terms(np.array([[2.0, 3.0]]), 2).tolist() == [[2, 3, 4, 6, 9]]


@pytest.mark.parametrize("undefined", ["asymmetry_1", "asymmetry_2", "border_irregularity", "diameter_1_px", "diameter_2_px"])
def test_what_is_undefined_gives_no_opinion_but_a_reason(undefined: str) -> None:
    opinion = second_opinion.judge(replace(MEASURED, **{undefined: None}), model({}))  # type: ignore[arg-type]
    assert opinion.p_malignant is opinion.is_suspicious is None
    assert opinion.failure
    assert opinion.failure.endswith(".")


def test_no_colour_gives_no_opinion() -> None:
    assert second_opinion.judge(replace(MEASURED, colours=(), regions=(), colour_asymmetry={}), model({})).p_malignant is None


def test_without_a_lesion_the_reason_is_the_one_of_the_measurements() -> None:
    drawn = draw_lesion(width=120, height=90)
    nothing = abcd.measure(drawn.image, np.zeros_like(drawn.mask))
    assert second_opinion.judge(nothing, model({})).failure == nothing.failure


# --- the folder


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    loaded = second_opinion.load(tiny.write_opinion(tmp_path))
    assert loaded.regression == tiny.REGRESSION
    assert loaded.used == ModelUsed("abcd", "abcd-tiny", tiny.REGRESSION.sha256, "Nothing: made up for tests.")


def refusal(folder: Path, **changes: Any) -> str:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))
    with pytest.raises(ModelError) as error:
        second_opinion.load(folder)
    return error.value.code


@pytest.mark.parametrize("changed", [{"intercept": 0.125}, {"threshold": 0.75}, {"mean": [1.0] * len(FEATURES)}])
def test_changed_numbers_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert refusal(tiny.write_opinion(tmp_path), model=asdict(tiny.REGRESSION) | changed) == "digest"


def test_another_order_of_the_measurements_is_refused(tmp_path: Path) -> None:
    assert refusal(tiny.write_opinion(tmp_path), model=asdict(tiny.REGRESSION) | {"features": FEATURES[::-1]}) == "feature-order"


def test_a_model_of_another_task_is_refused(tmp_path: Path) -> None:
    assert refusal(tiny.write_opinion(tmp_path), task="lesion") == "feature-order"


@pytest.mark.parametrize("broken", [{"coefficients": [1.0]}, {"scale": []}, {"degree": 3}, {"surprise": 1}])
def test_numbers_that_do_not_fit_one_another_are_refused(tmp_path: Path, broken: dict[str, Any]) -> None:
    assert refusal(tiny.write_opinion(tmp_path), model=asdict(tiny.REGRESSION) | broken) == "bad-card"


@pytest.mark.parametrize("missing", ["task", "sha256", "model", "validated_scope"])
def test_an_incomplete_card_is_refused(tmp_path: Path, missing: str) -> None:
    folder = tiny.write_opinion(tmp_path)
    card = json.loads((folder / "card.json").read_text())
    del card[missing]
    (folder / "card.json").write_text(json.dumps(card))
    assert refusal(folder) == "bad-card"


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        second_opinion.load(tmp_path / "abcd-nowhere")


# --- the fit


@pytest.mark.parametrize("degree", [1, 2])
def test_the_fit_is_the_one_of_scikit_learn(degree: int) -> None:
    """Its C is 1 over the summed, not the mean, loss."""
    random = np.random.default_rng(5)
    vectors = random.normal(3, 2, (400, len(FEATURES)))
    malignant = random.random(400) < 1 / (1 + np.exp(3 - vectors[:, 0] * vectors[:, 1] / 4))
    found = fitting.fit(vectors, malignant, degree, penalty=0.01)
    x = second_opinion.terms(second_opinion.standardised(vectors, found.mean, found.scale), degree)
    reference = LogisticRegression(C=1 / (0.01 * 400), tol=1e-8, max_iter=2000).fit(x, malignant)
    assert found.p_malignant(vectors) == pytest.approx(reference.predict_proba(x)[:, 1], abs=1e-3)


def test_a_measurement_that_never_varies_is_no_fault() -> None:
    vectors = np.ones((10, len(FEATURES)))
    found = fitting.fit(vectors, np.arange(10) < 4, degree=1, penalty=0.01)
    assert found.p_malignant(vectors) == pytest.approx(np.full(10, 0.4), abs=1e-3)


def measured(count: int, seed: int) -> fitting.Measured:
    """Every third lesion is malignant and has a higher A1 on the average."""
    random = np.random.default_rng(seed)
    malignant = np.arange(count) % 3 == 0
    vectors = random.normal(0, 1, (count, len(FEATURES)))
    vectors[:, 0] += 2 * malignant
    return fitting.Measured([example(f"{seed}-{index}", "MEL" if is_so else "NV") for index, is_so in enumerate(malignant)], vectors, 0)


def example(name: str, label: str) -> Example:
    return Example(name, "s.zip", name, "train", name, "ham10000", "dermoscopic", label, None, None, None, "", "", "drawn")


@pytest.fixture
def no_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "file_digests", lambda *_: {})


def test_defect_9_test_data_choose_nothing_and_are_not_resampled(no_shards: None, tmp_path: Path) -> None:
    """With every label of test turned round the model stays the same to the last digit, and each lesion is counted once."""
    parts = {split: measured(90, seed) for seed, split in enumerate(data.SPLITS)}
    turned = [replace(e, label="NV" if e.label == "MEL" else "MEL") for e in parts["test"].examples]
    folders = [
        fitting.publish(parts | {"test": test}, tmp_path, tmp_path / name, "20260101")
        for name, test in (("a", parts["test"]), ("b", replace(parts["test"], examples=turned)))
    ]
    cards = [json.loads((folder / "card.json").read_text()) for folder in folders]
    assert cards[0]["sha256"] == cards[1]["sha256"]
    assert [card["metrics"]["test"]["n"] for card in cards] == [90, 90]
    assert [card["metrics"]["test"]["n_malignant"] for card in cards] == [30, 60]
    aucs = [card["metrics"]["test"]["malignant_auc"]["value"] for card in cards]
    assert aucs[0] > 0.7
    assert sum(aucs) == pytest.approx(1, abs=2e-4)


def test_the_alert_has_the_wanted_sensitivity_on_val(no_shards: None, tmp_path: Path) -> None:
    parts = {split: measured(90, seed) for seed, split in enumerate(data.SPLITS)}
    card = json.loads((fitting.publish(parts, tmp_path, tmp_path, "20260101") / "card.json").read_text())
    assert card["metrics"]["val"]["malignant_sensitivity"]["value"] == 0.9
    assert [point["sensitivity_on_val"] for point in card["operating_points"]] == [0.8, 0.9, 0.95]
    assert card["threshold"]["value"] == card["operating_points"][1]["threshold"]


def test_without_a_malignant_lesion_on_val_nothing_is_published(no_shards: None, tmp_path: Path) -> None:
    parts = {split: measured(30, seed) for seed, split in enumerate(data.SPLITS)}
    parts["val"] = replace(parts["val"], examples=[replace(e, label="NV") for e in parts["val"].examples])
    with pytest.raises(ValueError, match="malignant"):
        fitting.publish(parts, tmp_path, tmp_path, "20260101")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn lesions in the layout of the development data: malignant ones are stars; one of test is too small to be measured."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    with zipfile.ZipFile(folder / "images.zip", "w") as images, zipfile.ZipFile(folder / "ham10000-masks-00.zip", "w") as masks:
        for index in range(37):
            is_malignant, name = index % 2 == 1, f"D{index:03}"
            axes = (2.0, 2.0) if index == 36 else (24.0, 16.0 + index // 3)
            drawn = draw_lesion(width=96, height=96, axes=axes, shape="star" if is_malignant else "ellipse", seed=index)
            images.writestr(f"{name}.png", imaging.encode_png(drawn.image))
            masks.writestr(f"{name}-mask.png", imaging.encode_png(drawn.mask))
            files = {"path": f"{name}.png", "shard": "images.zip", "lesion_mask": f"{name}-mask.png", "isic_id": name, "group_id": name}
            split = "test" if index == 36 else data.SPLITS[index // 2 % 3]
            facts = {"split": split, "dataset": "ham10000", "modality": "dermoscopic", "label8": "MEL" if is_malignant else "NV"}
            rows.append({**files, **facts, "skin_type": "", "site": "", "licence": "drawn"})
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "structures.csv").write_text("image,isic_id,shard,lesion,structures,label8,split\n")
    return folder


def test_the_command_writes_a_model_that_loads_and_is_evaluated(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit-abcd", "--data", str(data_dir), "--out", str(tmp_path)]) == 0
    folder = Path(capsys.readouterr().out.strip())
    loaded = second_opinion.load(folder)
    assert folder.name.startswith("abcd-logistic")
    assert folder.name.endswith(loaded.regression.sha256[:8])
    assert main(["evaluate", str(folder), "--data", str(data_dir)]) == 0
    printed, card = json.loads(capsys.readouterr().out), json.loads((folder / "card.json").read_text())
    assert printed == card["metrics"]["test"]
    assert (printed["n"], printed["n_without_opinion"]) == (12, 1)
    assert printed["malignant_auc"]["value"] == 1
