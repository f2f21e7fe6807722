"""How good predictions are (SPEC E2). What the data leaves undefined is None, never zero.

Binary functions take `truth` (N bool) and `score` (N float, higher is more suspicious); a case counts as positive
when score ≥ threshold. Arrays of unequal length raise ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from analysis.vision.types import Mask

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# --- segmentation


def jaccard(predicted: Mask, truth: Mask) -> float:
    """area(A ∩ B) / area(A ∪ B) of two H×W bool masks, [0, 1] (Jaccard 1912). Two empty masks agree: 1, as scikit-learn and ISIC count."""
    _same_shape(predicted, truth)
    union = np.count_nonzero(predicted | truth)
    return 1.0 if union == 0 else float(np.count_nonzero(predicted & truth) / union)


def dice(predicted: Mask, truth: Mask) -> float:
    """2·|A ∩ B| / (|A| + |B|), [0, 1]; equals 2J/(1 + J). Two empty masks agree: 1."""
    overlap = jaccard(predicted, truth)
    return 2 * overlap / (1 + overlap)


def thresholded_jaccard(jaccards: ArrayLike, threshold: float = 0.65) -> float | None:
    """Mean of N Jaccard indices, each below `threshold` counted 0: ISIC 2018 Task 1's score. None without images."""
    values = np.asarray(jaccards, np.float64)
    return float(np.where(values >= threshold, values, 0).mean()) if values.size else None


def overlap(predicted: Mask, truth: Mask) -> tuple[float, float]:
    """Intersection and union of two H×W bool masks as shares of the image's area: what `micro_jaccard` sums up."""
    _same_shape(predicted, truth)
    return float((predicted & truth).mean()), float((predicted | truth).mean())


def micro_jaccard(overlaps: ArrayLike) -> float | None:
    """ΣI/ΣU over all images and structures (N×2, see `overlap`), as ISIC 2018 Task 2 scores. None where nothing is there or found."""
    intersection, union = np.asarray(overlaps, dtype=np.float64).reshape(-1, 2).sum(axis=0)
    return float(intersection / union) if union else None


def _same_shape(one: NDArray[Any], other: NDArray[Any]) -> None:
    if one.shape != other.shape:
        raise ValueError(f"shapes differ: {one.shape} and {other.shape}")


# --- ranking


def auc(truth: ArrayLike, score: ArrayLike) -> float | None:
    """Area under the ROC curve, ties counted half; None unless both outcomes occur.

    As the Mann-Whitney statistic (Hanley & McNeil 1982): ten times faster than tracing the curve, which bootstrapping feels.
    """
    is_positive, scores = _binary(truth, score)
    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    if not positives or not negatives:
        return None
    above = rankdata(scores)[is_positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


@dataclass(frozen=True)
class ClassAuc:
    """One-vs-rest AUC of each class."""

    per_class: dict[str, float | None]
    macro: float | None
    """Unweighted mean over the classes that have one."""
    undefined: tuple[str, ...]
    """Classes without positives or without negatives: left out of `macro`, and to be named beside it."""


def auc_one_vs_rest(truth: ArrayLike, probabilities: Floats, classes: Sequence[str]) -> ClassAuc:
    """`truth` N class indices, `probabilities` N×C, `classes` their C names in order."""
    labels = np.asarray(truth, np.int64)
    if probabilities.shape != (len(labels), len(classes)):
        raise ValueError(f"probabilities are {probabilities.shape}, not {(len(labels), len(classes))}")
    per_class = dict(zip(classes, _aucs(labels, probabilities), strict=True))
    defined = [value for value in per_class.values() if value is not None]
    undefined = tuple(name for name, value in per_class.items() if value is None)
    return ClassAuc(per_class, float(np.mean(defined)) if defined else None, undefined)


def _aucs(labels: Ints, probabilities: Floats) -> list[float | None]:
    """`auc` of every class at once: one ranking of the N×C probabilities."""
    ranks = rankdata(probabilities, axis=0)
    positives = np.bincount(labels, minlength=probabilities.shape[1])
    above = [ranks[labels == k, k].sum() - count * (count + 1) / 2 for k, count in enumerate(positives)]
    pairs = positives * (len(labels) - positives)
    return [float(a / count) if count else None for a, count in zip(above, pairs, strict=True)]


def macro_auc(truth: ArrayLike, probabilities: Floats) -> float | None:
    """Unweighted mean of the one-vs-rest AUCs that are defined: `truth` N class indices, `probabilities` N×C."""
    return auc_one_vs_rest(truth, probabilities, [str(index) for index in range(probabilities.shape[1])]).macro


# --- decisions


@dataclass(frozen=True)
class Rates:
    """Counts and rates of a binary decision; a rate whose denominator is empty is None."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def sensitivity(self) -> float | None:
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> float | None:
        return _ratio(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def precision(self) -> float | None:
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def accuracy(self) -> float | None:
        return _ratio(self.true_positives + self.true_negatives, self.total)

    @property
    def f1(self) -> float | None:
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def total(self) -> int:
        return self.true_positives + self.false_positives + self.true_negatives + self.false_negatives


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def rates(truth: ArrayLike, called: ArrayLike) -> Rates:
    """Count `called` (N bool, what was decided) against `truth` (N bool)."""
    is_positive, is_called = np.asarray(truth, np.bool_), np.asarray(called, np.bool_)
    _same_shape(is_positive, is_called)
    return Rates(
        true_positives=int(np.count_nonzero(is_called & is_positive)),
        false_positives=int(np.count_nonzero(is_called & ~is_positive)),
        true_negatives=int(np.count_nonzero(~is_called & ~is_positive)),
        false_negatives=int(np.count_nonzero(~is_called & is_positive)),
    )


def rates_at(truth: ArrayLike, score: ArrayLike, threshold: float) -> Rates:
    """`rates` when every score ≥ `threshold` is called positive."""
    is_positive, scores = _binary(truth, score)
    return rates(is_positive, scores >= threshold)


def sensitivity(truth: ArrayLike, called: ArrayLike) -> float | None:
    """Share of the positives that were called; None without positives."""
    return rates(truth, called).sensitivity


def specificity(truth: ArrayLike, called: ArrayLike) -> float | None:
    """Share of the negatives that were not called; None without negatives."""
    return rates(truth, called).specificity


def threshold_at_sensitivity(truth: ArrayLike, score: ArrayLike, wanted: float) -> float | None:
    """The highest threshold whose sensitivity is at least the one `wanted`, (0, 1]; None without positives."""
    if not 0 < wanted <= 1:
        raise ValueError(f"sensitivity must be in (0, 1], got {wanted}")
    is_positive, scores = _binary(truth, score)
    positives = np.sort(scores[is_positive])[::-1]
    if not positives.size:
        return None
    needed = int(np.ceil(wanted * positives.size - 1e-9))  # 0.95·20 is a little more than 19 in floating point
    return float(positives[needed - 1])


def specificity_at_sensitivity(truth: ArrayLike, score: ArrayLike, wanted: float) -> float | None:
    """Specificity at `threshold_at_sensitivity`; None without positives or without negatives."""
    threshold = threshold_at_sensitivity(truth, score, wanted)
    return None if threshold is None else rates_at(truth, score, threshold).specificity


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> Ints:
    """C×C counts, rows the true class, columns the predicted one. Raises ValueError on a class index outside 0…C−1."""
    rows, columns = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    _same_shape(rows, columns)
    both = np.concatenate([rows, columns])
    if ((both < 0) | (both >= n_classes)).any():
        raise ValueError(f"class indices must lie in 0…{n_classes - 1}")
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts


def balanced_accuracy(truth: ArrayLike, predicted: ArrayLike) -> float | None:
    """Mean recall over the classes that occur in `truth`, class indices (ISIC's balanced multiclass accuracy).

    None without cases.
    """
    labels, guesses = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    _same_shape(labels, guesses)
    if not labels.size:
        return None
    cases, hits = np.bincount(labels), np.bincount(labels, weights=labels == guesses)
    return float((hits[cases > 0] / cases[cases > 0]).mean())


# --- calibration


def ece(outcome: ArrayLike, probability: ArrayLike, bins: int = 15) -> float | None:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3): `bins` bins of equal width on [0, 1].

    `outcome` N bool (malignant, or rightly classified), `probability` N in [0, 1] (of malignancy, or the top
    class'). Σ over bins of their share of the cases · |mean outcome − mean probability|. None without cases.
    """
    happened, stated = _binary(outcome, probability)
    _check_probabilities(stated)
    if not stated.size:
        return None
    bin_of = np.minimum((stated * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(bin_of, weights=happened - stated, minlength=bins)
    return float(np.abs(gaps).sum() / stated.size)


def brier(outcome: ArrayLike, probability: ArrayLike) -> float | None:
    """Mean squared difference of a stated probability, N in [0, 1], and what happened, N bool. None without cases."""
    happened, stated = _binary(outcome, probability)
    _check_probabilities(stated)
    return float(np.mean((stated - happened) ** 2)) if stated.size else None


def _check_probabilities(values: Floats) -> None:
    if ((values < 0) | (values > 1)).any():
        raise ValueError("probabilities must lie in [0, 1]")


def _binary(truth: ArrayLike, score: ArrayLike) -> tuple[Bools, Floats]:
    is_positive, scores = np.asarray(truth, np.bool_), np.asarray(score, np.float64)
    _same_shape(is_positive, scores)
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite numbers: a case without one counts as a failure and is not scored")
    return is_positive, scores


# --- uncertainty


MAX_UNDEFINED_SHARE = 0.1


def bootstrap_interval(
    statistic: Callable[[Ints], float | None], groups: Sequence[object] | NDArray[Any], n: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float] | None:
    """Percentile interval (Efron 1979) of `statistic`, resampling whole groups (patients, lesions) with replacement.

    `statistic` gets the indices of the chosen cases, with repeats, and may answer None. `groups` names the group of
    each of the N cases: cases of one group are not independent, so they come and go together.

    Resamples on which the statistic is undefined are left out. When they are more than one in ten, what is left is no
    longer a fair sample: the interval itself is undefined, None, as it is without cases.
    """
    members = _members(groups)
    random = np.random.default_rng(seed)
    values = [statistic(_resample(members, random)) for _ in range(n)] if members else []
    defined = [value for value in values if value is not None]
    if not defined or len(defined) < (1 - MAX_UNDEFINED_SHARE) * n:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _members(groups: Sequence[object] | NDArray[Any]) -> list[Ints]:
    """The indices of each group's cases."""
    found: dict[object, list[int]] = {}
    for index, group in enumerate(groups):
        found.setdefault(group, []).append(index)
    return [np.array(indices, np.int64) for indices in found.values()]


def _resample(members: list[Ints], random: np.random.Generator) -> Ints:
    chosen = random.integers(len(members), size=len(members))
    return np.concatenate([members[group] for group in chosen])
