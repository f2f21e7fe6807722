"""Probabilities that mean what they say: temperature, biases, leaning, thresholds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.vision import classify, metrics
from analysis.vision.training import calibration, run


def test_presence_is_calibrated_on_what_happened() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 2, 20000)
    truth = rng.random(20000) < 1 / (1 + np.exp(-(1.5 * scores - 2)))
    assert calibration.fit_logistic(scores, truth) == pytest.approx((1.5, -2.0), abs=0.1)


def test_a_score_that_seems_to_speak_against_says_nothing() -> None:
    truth = np.arange(40) < 10
    slope, intercept = calibration.fit_logistic(np.where(truth, -1.0, 1.0), truth)
    targets = (10 * 11 / 12 + 30 * 1 / 32) / 40
    assert slope == 0
    assert intercept == pytest.approx(np.log(targets / (1 - targets)))


def test_presence_of_what_never_occurs_stays_finite_and_small() -> None:
    slope, intercept = calibration.fit_logistic(np.linspace(-3, 3, 50), np.zeros(50, dtype=np.bool_))
    assert np.isfinite([slope, intercept]).all()
    assert 1 / (1 + np.exp(-(slope * 3 + intercept))) < 0.2


def test_thresholds_are_those_of_the_best_index_over_all_structures() -> None:
    """Against every combination. The last structure is seen so badly that marking it would cost more than it brings."""
    rng = np.random.default_rng(8)
    union = np.sort(rng.uniform(1, 10, (len(calibration.THRESHOLDS), 3)), axis=0)[::-1]
    overlaps = np.stack([union * rng.uniform(0.2, 0.6, union.shape) * [1.0, 0.7, 0.05], union], axis=-1)
    combinations = itertools.product(range(len(overlaps)), repeat=3)
    best = max(combinations, key=lambda chosen: np.divide(*overlaps[chosen, range(3)].sum(axis=0)))
    assert calibration.choose_thresholds(overlaps) == tuple(calibration.THRESHOLDS[index] for index in best)


def test_where_nothing_is_hit_the_least_is_marked() -> None:
    overlaps = np.zeros((len(calibration.THRESHOLDS), 2, 2))
    overlaps[..., 0, 1] = np.linspace(9, 1, len(calibration.THRESHOLDS))
    overlaps[..., 1, 1] = 1.0  # as much at every threshold
    assert calibration.choose_thresholds(overlaps) == (calibration.THRESHOLDS[-1],) * 2


def test_calibration_finds_the_temperature_and_bias_that_spoilt_the_scores() -> None:
    rng = np.random.default_rng(11)
    true_scores = rng.normal(0, 1.5, (6000, 3))
    p = classify.calibrate(true_scores, 1.0, (0.0, 0.0, 0.0))
    labels = np.array([rng.choice(3, p=row) for row in p])
    spoilt = (true_scores - np.array([0.8, 0.0, -0.8])) * 3
    found = calibration.fit(spoilt, labels)
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert np.array(found.class_bias) == pytest.approx([0.8, 0.0, -0.8], abs=0.15)


def test_a_network_is_not_judged_by_the_prior_it_learnt_with() -> None:
    """The same knowledge under another prior and temperature has the same macro AUC once it is calibrated, and another before."""
    rng = np.random.default_rng(12)
    labels = np.repeat(np.arange(8), 40)
    scores = np.eye(8)[labels] * 2 + rng.normal(0, 1.2, (320, 8))
    shifted = 3 * (scores + np.linspace(-3, 3, 8))
    raw = [metrics.macro_auc(labels, classify.calibrate(one, 1.0, (0.0,) * 8)) for one in (scores, shifted)]
    fitted = [run.calibrated_auc(one, labels) for one in (scores, shifted)]
    assert raw[1] is not None
    assert fitted[0] == pytest.approx(fitted[1], abs=1e-3)
    assert fitted[1] - raw[1] > 0.01


def test_answers_lean_towards_rare_classes_as_far_as_calibration_bears_it() -> None:
    """Calibrated scores of a common and a rare class: leaning all the way would call the rare one far too often."""
    rng = np.random.default_rng(8)
    p = rng.beta(0.3, 2.5, 4000)
    labels = (rng.random(4000) < p).astype(np.int64)
    logits = np.log(np.stack([1 - p, p], axis=1).clip(1e-9))
    found = calibration.leaning(calibration.Calibration(1.0, (0.0, 0.0)), logits, labels, malignant=[1])
    assert 0 < found.lean_between < 1
    q = classify.calibrate(logits, 1.0, found.class_bias)
    prevalence = np.bincount(labels) / 4000
    rare, common = p * prevalence[1] ** -found.lean_between, (1 - p) * prevalence[0] ** -found.lean_between
    assert q[:, 1] == pytest.approx(rare / (rare + common), abs=1e-4)
    assert (metrics.ece(labels == 1, q[:, 1]) or 0) <= calibration.MAX_ECE
    assert (q.argmax(axis=1)[labels == 1] == 1).mean() > (p[labels == 1] > 0.5).mean()


def test_answers_lean_within_malignant_and_benign_by_the_share_of_each_there() -> None:
    """Calibrated scores of four classes, of which the rarer of each group is leant towards; both errors stay bearable."""
    rng = np.random.default_rng(9)
    p = rng.dirichlet([2.0, 0.2, 0.6, 0.1], 6000)
    labels = (rng.random((6000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=3)
    logits = np.log(p.clip(1e-9))
    found = calibration.leaning(calibration.Calibration(1.0, (0.0,) * 4), logits, labels, malignant=[2, 3])
    share = np.bincount(labels) / 6000
    group = np.repeat([share[:2].sum(), share[2:].sum()], 2)
    weight = (share / group) ** -found.lean_within * group**-found.lean_between
    expected = p * weight / (p * weight).sum(axis=1, keepdims=True)
    q = classify.calibrate(logits, 1.0, found.class_bias)
    assert found.lean_within > 0
    assert q == pytest.approx(expected, abs=1e-4)
    assert (metrics.ece(np.isin(labels, [2, 3]), q[:, 2:].sum(axis=1)) or 0) <= calibration.MAX_ECE
    assert (metrics.ece(labels == q.argmax(axis=1), q.max(axis=1)) or 0) <= calibration.MAX_ECE


def test_leaning_never_makes_a_poor_calibration_poorer() -> None:
    """Scores three times too sure: both errors are above the limit with every lean, and without."""
    rng = np.random.default_rng(8)
    p = rng.beta(0.6, 2.5, 4000)
    labels = (rng.random(4000) < p).astype(np.int64)
    logits = 3 * np.log(np.stack([1 - p, p], axis=1).clip(1e-9))

    def error(calibrated: calibration.Calibration) -> float:
        q = classify.calibrate(logits, 1.0, calibrated.class_bias)
        return max(metrics.ece(labels == 1, q[:, 1]) or 0, metrics.ece(labels == q.argmax(axis=1), q.max(axis=1)) or 0)

    fitted = calibration.Calibration(1.0, (0.0, 0.0))
    found = calibration.leaning(fitted, logits, labels, malignant=[1])
    assert error(fitted) > calibration.MAX_ECE
    assert error(found) <= error(fitted)
