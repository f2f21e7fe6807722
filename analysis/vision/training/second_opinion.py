"""Fit the second opinion: on train, chosen and given its operating points on val, reported on test once (SPEC A7, T8).

The lesions are those that people outlined. Nothing is resampled: the probabilities keep the prevalence of the data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.vision import abcd, metrics
from analysis.vision.second_opinion import CARD_FILE, FEATURES, TASK, Regression, load, standardised, terms, vector
from analysis.vision.training import data, evaluate
from analysis.vision.training.cards import INTENDED_USE, SENSITIVITIES
from analysis.vision.training.data import Example
from analysis.vision.training.evaluate import Figure
from analysis.vision.types import MALIGNANT_CLASSES

DEGREES = (1, 2)
PENALTIES = (0.001, 0.01, 0.1)
"""Tried on val: factor of the squared coefficients beside the mean log loss."""
TARGET_SENSITIVITY = 0.90
"""Of the alert, as the classifier's."""
TRAIN_LIMIT = 4000
"""Lesions of train that are measured and learnt from, drawn with a fixed seed: from 2,000 on, val hardly rises any more."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """The labelled lesions of a split whose every measurement is defined."""

    examples: list[Example]
    vectors: Floats
    """N×d, see FEATURES."""
    undefined: int
    """How many more there are of which something could not be measured: there is no opinion on them."""

    @property
    def malignant(self) -> NDArray[np.bool_]:
        return np.array([example.label in MALIGNANT_CLASSES for example in self.examples], np.bool_)

    @property
    def groups(self) -> list[str]:
        return [example.group_id for example in self.examples]


def train(data_dir: Path, out: Path, today: str) -> Path:
    """Measure, fit, choose and report; the finished model folder below `out`, with `today` (yyyymmdd) in its name.

    Raises FileNotFoundError when the data is not there.
    """
    return publish({split: measure(select(data_dir, split), data_dir) for split in data.SPLITS}, data_dir, out, today)


def select(data_dir: Path, split: str) -> list[Example]:
    """The diagnosed dermoscopic images with a lesion mask, of HAM10000 and ISIC 2018 Task 1; of train at most TRAIN_LIMIT."""
    masked = [example for example in data.read_labels(data_dir) if example.mask] + data.read_task1(data_dir)
    chosen = [example for example in data.select(masked, split) if example.label]
    if split != "train":
        return chosen
    return [chosen[index] for index in sorted(np.random.default_rng(0).permutation(len(chosen))[:TRAIN_LIMIT])]


def measure(examples: Sequence[Example], data_dir: Path) -> Measured:
    """The ABCD vectors of the examples, one after the other as at work, but inside the mask that people drew."""
    shards = data.Shards(data_dir)
    found = [(example, vector(abcd.measure(shards.image(example), shards.mask(example) > 0))) for example in examples]
    defined = [(example, values) for example, values in found if values is not None]
    vectors = np.array([values for _, values in defined]).reshape(-1, len(FEATURES))
    return Measured([example for example, _ in defined], vectors, len(found) - len(defined))


def fit(vectors: Floats, malignant: NDArray[np.bool_], degree: int, penalty: float) -> Regression:
    """Logistic regression that minimises mean log loss + penalty/2 · |w|², the intercept free; N×d vectors, N bool. No threshold yet."""
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0)
    mean, scale = tuple(mean.tolist()), tuple(np.where(scale > 0, scale, 1.0).tolist())
    x = terms(standardised(vectors, mean, scale), degree)

    def loss(w: Floats) -> tuple[float, Floats]:
        log_odds = x @ w[:-1] + w[-1]
        error = (1 + np.tanh(log_odds / 2)) / 2 - malignant
        value = np.logaddexp(0, log_odds).mean() - log_odds[malignant].sum() / len(x) + penalty / 2 * w[:-1] @ w[:-1]
        return float(value), np.append(x.T @ error / len(x) + penalty * w[:-1], error.mean())

    w = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x
    return Regression(FEATURES, mean, scale, degree, tuple(w[:-1].tolist()), float(w[-1]), 0.5)


def publish(measured: dict[str, Measured], data_dir: Path, out: Path, today: str) -> Path:
    """Fit on `measured["train"]`, choose on val, report on test, and write the model folder below `out`."""
    tried = _tried(measured["train"], measured["val"])
    chosen = max(tried, key=lambda trial: trial[1])[0]
    points = _operating_points(chosen, measured["val"])
    regression = replace(chosen, threshold=points[TARGET_SENSITIVITY])
    folder = out / f"{TASK}-logistic{regression.degree}-{today}-{regression.sha256[:8]}"
    folder.mkdir(parents=True)
    card = _card(regression, measured, points, data_dir) | {"tried_on_val": [_trial(*trial) for trial in tried]}
    (folder / CARD_FILE).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return folder


def _tried(train_set: Measured, val: Measured) -> list[tuple[Regression, float, float]]:
    """Every degree and penalty with its AUC on val, the simplest first: of equals the first is taken."""
    trials = []
    for degree in DEGREES:
        for penalty in sorted(PENALTIES, reverse=True):
            regression = fit(train_set.vectors, train_set.malignant, degree, penalty)
            trials.append((regression, metrics.auc(val.malignant, regression.p_malignant(val.vectors)) or 0.0, penalty))
    return trials


def _trial(regression: Regression, auc: float, penalty: float) -> Figure:
    return {"degree": regression.degree, "penalty": penalty, "malignant_auc": round(auc, 4)}


def _operating_points(regression: Regression, val: Measured) -> dict[float, float]:
    """Sensitivity on val → threshold. Raises ValueError when val has no malignant lesion."""
    p = regression.p_malignant(val.vectors)
    points = {wanted: metrics.threshold_at_sensitivity(val.malignant, p, wanted) for wanted in SENSITIVITIES}
    chosen = {wanted: threshold for wanted, threshold in points.items() if threshold is not None}
    if len(chosen) < len(points):
        raise ValueError("val has no malignant lesion: no operating point can be chosen")
    return chosen


def figures(regression: Regression, measured: Measured, threshold: float | None = None) -> Figure:
    """AUC, calibration, and sensitivity and specificity for malignant at a threshold (default: the model's)."""
    p, malignant, groups = regression.p_malignant(measured.vectors), measured.malignant, measured.groups
    called = p >= (regression.threshold if threshold is None else threshold)
    return {
        "n": len(p),
        "n_malignant": int(malignant.sum()),
        "n_without_opinion": measured.undefined,
        "malignant_auc": evaluate.interval(lambda i: metrics.auc(malignant[i], p[i]), groups),
        "malignant_sensitivity": evaluate.interval(lambda i: metrics.sensitivity(malignant[i], called[i]), groups),
        "malignant_specificity": evaluate.interval(lambda i: metrics.specificity(malignant[i], called[i]), groups),
        "ece_malignant": evaluate.interval(lambda i: metrics.ece(malignant[i], p[i]), groups),
    }


def evaluate_folder(folder: Path, data_dir: Path, split: str) -> Figure:
    """The figures on a card, computed anew."""
    return figures(load(folder).regression, measure(select(data_dir, split), data_dir))


def _card(regression: Regression, measured: dict[str, Measured], points: dict[float, float], data_dir: Path) -> dict[str, Any]:
    learnt, tested = measured["train"].examples, measured["test"]
    by_split = {split: figures(regression, measured[split]) for split in ("val", "test")}
    return {
        "task": TASK,
        "architecture": f"logistic regression on {len(FEATURES)} ABCD measurements, degree {regression.degree}",
        "sha256": regression.sha256,
        "model": asdict(regression),
        "threshold": {"value": regression.threshold, "rule": f"sensitivity {TARGET_SENSITIVITY} for malignant on val"},
        "operating_points": [
            {"sensitivity_on_val": wanted, "threshold": point, "test": _at(regression, tested, point)} for wanted, point in points.items()
        ],
        "metrics": by_split,
        "validated_scope": {"summary": _scope(by_split["test"])},
        "data": {
            "splits": {split: len(part.examples) for split, part in measured.items()},
            "by_dataset": evaluate.counts(learnt, lambda example: example.dataset),
            "by_class": evaluate.counts(learnt, lambda example: example.label),
            "licences": sorted({example.licence for example in learnt}),
            "sha256": data.file_digests(data_dir, learnt),
            "selection_sha256": {split: data.selection_digest(part.examples) for split, part in measured.items()},
        },
        "intended_use": INTENDED_USE,
    }


def _at(regression: Regression, measured: Measured, threshold: float) -> Figure:
    found = figures(regression, measured, threshold)
    return {"sensitivity": found["malignant_sensitivity"], "specificity": found["malignant_specificity"]}


def _scope(on_test: Figure) -> str:
    auc = on_test["malignant_auc"]
    return (
        f"Tested on {on_test['n']} dermoscopic images inside outlines that people drew, skin type unknown: "
        f"AUC for malignant {auc['value']:.2f} ({auc['low']:.2f}-{auc['high']:.2f}). Not tested on smartphone photographs."
    )
