from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from analysis.vision import metrics
from analysis.vision.types import Mask
from tests.synthetic import disc

MASKS = hnp.arrays(np.bool_, (4, 5))
CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=30)


def mask(*rows: str) -> Mask:
    return np.array([[letter == "#" for letter in row] for row in rows])


# --- segmentation


def test_overlaps_computed_by_hand() -> None:
    one, other = mask("##.", "##."), mask(".##", ".##")
    assert metrics.jaccard(one, other) == pytest.approx(2 / 6)
    assert metrics.dice(one, other) == pytest.approx(4 / 8)


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    empty, full = mask("..."), mask("###")
    assert metrics.jaccard(empty, empty) == metrics.dice(empty, empty) == 1
    assert metrics.jaccard(empty, full) == metrics.dice(full, empty) == 0


@given(one=MASKS, other=MASKS)
def test_overlaps_are_symmetric_and_bounded(one: Mask, other: Mask) -> None:
    assert 0 <= metrics.jaccard(one, other) == metrics.jaccard(other, one) <= metrics.dice(one, other) <= 1
    assert metrics.jaccard(one, one) == 1


def test_a_better_mask_has_a_higher_jaccard() -> None:
    overlaps = [metrics.jaccard(disc(radius, 99), disc(30, 99)) for radius in (10, 20, 25, 29, 30)]
    assert overlaps == sorted(set(overlaps))


def test_an_outline_below_the_threshold_counts_nothing() -> None:
    assert metrics.thresholded_jaccard([0.9, 0.65, 0.64]) == pytest.approx((0.9 + 0.65) / 3)
    assert metrics.thresholded_jaccard([]) is None


def test_structures_are_scored_over_all_images_as_isic_does() -> None:
    """Areas, not pixels: the larger image counts no more (by hand: (2/8 + 4/16) / (4/8 + 8/16))."""
    small = metrics.overlap(mask("###.", "...."), mask(".###", "...."))
    large = metrics.overlap(mask("########", "........"), mask("####....", "........"))
    assert small == pytest.approx((2 / 8, 4 / 8))
    assert large == pytest.approx((4 / 16, 8 / 16))
    assert metrics.micro_jaccard([small, large]) == pytest.approx(0.5)
    assert metrics.micro_jaccard([(0.0, 0.0)]) is None


def test_masks_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        metrics.jaccard(mask("##"), mask("###"))


# --- ranking


def test_auc_counts_the_pairs_in_order_and_ties_half() -> None:
    """Positives 3, 1; negatives 2, 1, 0: of six pairs 3>2, 3>1, 3>0, 1>0 are in order and 1=1 is tied: 4.5/6."""
    assert metrics.auc([1, 1, 0, 0, 0], [3, 1, 2, 1, 0]) == pytest.approx(4.5 / 6)


@pytest.mark.parametrize("truth", [[], [True, True], [False, False]])
def test_auc_needs_both_outcomes(truth: list[bool]) -> None:
    assert metrics.auc(truth, np.zeros(len(truth))) is None


@given(cases=CASES)
def test_auc_does_not_depend_on_the_scale_and_turns_with_the_sign(cases: list[tuple[bool, int]]) -> None:
    truth, score = np.array([t for t, _ in cases]), np.array([float(s) for _, s in cases])
    found = metrics.auc(truth, score)
    assert found == metrics.auc(truth, np.exp(score))
    assert found is None or metrics.auc(truth, -score) == pytest.approx(1 - found)


def test_a_class_without_cases_has_no_auc_is_named_and_left_out_of_the_mean() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.7, 0.2]])
    found = metrics.auc_one_vs_rest([0, 0, 1, 1], probabilities, ("NV", "MEL", "DF"))
    assert found.per_class == {"NV": pytest.approx(0.75), "MEL": pytest.approx(0.75), "DF": None}
    assert found.undefined == ("DF",)
    assert found.macro == pytest.approx(0.75)
    assert metrics.macro_auc([0, 0, 1, 1], probabilities) == found.macro


def test_without_any_defined_class_the_mean_is_undefined() -> None:
    assert metrics.macro_auc([0, 0], np.full((2, 2), 0.5)) is None
    with pytest.raises(ValueError, match="probabilities are"):
        metrics.auc_one_vs_rest([0], np.ones((1, 3)), ("a", "b"))


# --- decisions

TRUTH = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], np.bool_)
SCORE = np.array([0.9, 0.8, 0.6, 0.2, 0.7, 0.5, 0.4, 0.3, 0.1, 0.0])


def test_rates_computed_by_hand() -> None:
    """At 0.6: 0.9, 0.8, 0.6 and the benign 0.7 are called."""
    found = metrics.rates_at(TRUTH, SCORE, 0.6)
    assert (found.true_positives, found.false_positives, found.true_negatives, found.false_negatives) == (3, 1, 5, 1)
    assert found.sensitivity == metrics.sensitivity(TRUTH, SCORE >= 0.6) == pytest.approx(3 / 4)
    assert found.specificity == metrics.specificity(TRUTH, SCORE >= 0.6) == pytest.approx(5 / 6)
    assert found.precision == pytest.approx(3 / 4)
    assert found.f1 == pytest.approx(6 / 8)
    assert found.accuracy == pytest.approx(8 / 10)


def test_rates_without_a_denominator_are_undefined_not_zero() -> None:
    nothing = metrics.rates([], [])
    assert nothing.sensitivity is nothing.specificity is nothing.precision is nothing.f1 is nothing.accuracy is None
    assert metrics.rates([True], [False]).precision is None
    assert metrics.rates([True], [False]).f1 == 0


@pytest.mark.parametrize(("wanted", "threshold", "specificity"), [(0.25, 0.9, 1), (0.5, 0.8, 1), (0.75, 0.6, 5 / 6), (0.76, 0.2, 2 / 6)])
def test_the_threshold_is_the_highest_that_is_sensitive_enough(wanted: float, threshold: float, specificity: float) -> None:
    assert metrics.threshold_at_sensitivity(TRUTH, SCORE, wanted) == threshold
    assert metrics.specificity_at_sensitivity(TRUTH, SCORE, wanted) == pytest.approx(specificity)


def test_19_of_20_are_95_per_cent() -> None:
    assert metrics.threshold_at_sensitivity(np.ones(20, np.bool_), np.arange(20), 0.95) == 1


@given(cases=CASES, wanted=st.floats(0.01, 1))
def test_the_sensitivity_asked_for_is_reached(cases: list[tuple[bool, int]], wanted: float) -> None:
    truth, score = [t for t, _ in cases], [s for _, s in cases]
    threshold = metrics.threshold_at_sensitivity(truth, score, wanted)
    if threshold is None:
        assert not any(truth)
        return
    reached = metrics.rates_at(truth, score, threshold).sensitivity
    above = metrics.rates_at(truth, score, threshold + 1e-6).sensitivity
    assert reached is not None
    assert above is not None
    assert above < wanted - 1e-9 or above == reached
    assert reached >= wanted - 1e-9


def test_operating_points_need_their_cases() -> None:
    assert metrics.threshold_at_sensitivity([False], [0.5], 0.9) is None
    assert metrics.specificity_at_sensitivity([False], [0.5], 0.9) is None
    assert metrics.specificity_at_sensitivity([True], [0.5], 0.9) is None
    with pytest.raises(ValueError, match="sensitivity"):
        metrics.threshold_at_sensitivity(TRUTH, SCORE, 0)


def test_rows_are_true_classes_and_columns_predictions() -> None:
    assert metrics.confusion_matrix([0, 0, 1, 2], [0, 1, 1, 0], 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError, match="class indices"):
        metrics.confusion_matrix([0], [3], 3)


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_occur() -> None:
    """Class 0: 3 of 4; class 2: 1 of 2; class 1 never occurs, though it is predicted."""
    assert metrics.balanced_accuracy([0, 0, 0, 0, 2, 2], [0, 0, 0, 1, 2, 1]) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert metrics.balanced_accuracy([], []) is None


# --- calibration


def test_calibration_error_computed_by_hand() -> None:
    """Two bins on [0, 1]: 0.2, 0.4 (one of two happened: |0.5 − 0.3|), 0.9, 1.0 (both happened: |1 − 0.95|)."""
    assert metrics.ece([0, 1, 1, 1], [0.2, 0.4, 0.9, 1.0], bins=2) == pytest.approx(0.5 * 0.2 + 0.5 * 0.05)


def test_calibration_in_the_long_run() -> None:
    random = np.random.default_rng(0)
    stated = random.random(20_000)
    happened = random.random(20_000) < stated
    good, bad = metrics.ece(happened, stated), metrics.ece(happened, np.sqrt(stated))
    assert good is not None
    assert bad is not None
    assert good < 0.02 < 0.1 < bad


def test_brier_computed_by_hand() -> None:
    assert metrics.brier([True, False], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_needs_cases_and_probabilities() -> None:
    assert metrics.ece([], []) is metrics.brier([], []) is None
    for figure in (metrics.ece, metrics.brier):
        with pytest.raises(ValueError, match="probabilities"):
            figure([True], [1.1])


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_case_without_a_score_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        metrics.auc([True, False], [score, 0.5])


# --- bootstrap

Indices = NDArray[Any]


def test_the_interval_holds_the_mean_and_narrows_with_more_cases() -> None:
    def width(n: int) -> float:
        values = np.random.default_rng(1).normal(size=n)
        found = metrics.bootstrap_interval(lambda i: float(values[i].mean()), range(n), n=400)
        assert found is not None
        assert found[0] < values.mean() < found[1]
        return found[1] - found[0]

    assert width(400) == pytest.approx(2 * 1.96 / 20, rel=0.2)
    assert width(100) > 1.5 * width(400)


def test_cases_of_one_group_come_and_go_together() -> None:
    groups = ["a", "b", "a", "c", "b"]

    def count_whole_groups(indices: Indices) -> float:
        drawn = np.bincount(indices, minlength=5)
        assert drawn[0] == drawn[2]
        assert drawn[1] == drawn[4]
        assert drawn[0] + drawn[1] + drawn[3] == 3
        return 0.0

    metrics.bootstrap_interval(count_whole_groups, groups, n=50)


def test_repeated_cases_of_one_patient_do_not_narrow_the_interval() -> None:
    values = np.repeat(np.random.default_rng(2).normal(size=50), 10)
    by_patient = metrics.bootstrap_interval(lambda i: float(values[i].mean()), np.repeat(np.arange(50), 10), n=300)
    by_image = metrics.bootstrap_interval(lambda i: float(values[i].mean()), range(500), n=300)
    assert by_patient is not None
    assert by_image is not None
    assert by_patient[1] - by_patient[0] > 2 * (by_image[1] - by_image[0])


def test_the_seed_decides() -> None:
    values = np.random.default_rng(3).random(40)

    def interval(seed: int) -> tuple[float, float] | None:
        return metrics.bootstrap_interval(lambda i: float(values[i].mean()), range(40), n=100, seed=seed)

    assert interval(0) == interval(0) != interval(1)


def test_now_and_then_an_undefined_resample_is_left_out() -> None:
    """Five malignant of sixty: about one resample in 200 has none."""
    truth, score = np.arange(60) < 5, np.linspace(1, 0, 60)
    assert metrics.bootstrap_interval(lambda i: metrics.auc(truth[i], score[i]), range(60), n=200) == pytest.approx((1, 1))


def test_too_many_undefined_resamples_leave_no_interval() -> None:
    """One malignant of sixty: a third of the resamples has none."""
    truth, score = np.arange(60) < 1, np.linspace(1, 0, 60)
    assert metrics.bootstrap_interval(lambda i: metrics.auc(truth[i], score[i]), range(60), n=200) is None
    assert metrics.bootstrap_interval(lambda _: 1.0, [], n=10) is None


@pytest.mark.parametrize("decimals", [1, 8])
def test_auc_is_scikit_learns_with_and_without_ties(decimals: int) -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(200) < 0.3
    score = np.round(rng.random(200) + 0.3 * truth, decimals)
    assert metrics.auc(truth, score) == pytest.approx(roc_auc_score(truth, score))
