"""Making probabilities mean what they say, fitted on val."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from analysis.vision import classify, metrics

BIAS_PENALTY = 0.01
"""Ridge on the class biases: val has 9 to 14 images of the rarest classes, too few to move a bias far."""
LEANS = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Candidates for how far answers lean towards rare classes."""
MAX_ECE = 0.03
"""Beyond this, stated and observed frequencies differ too much for a probability to be shown as one."""
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Candidates for the threshold on a structure's map."""


@dataclass(frozen=True)
class Calibration:
    """Parameters of `classify.calibrate`."""

    temperature: float
    class_bias: tuple[float, ...]
    lean_within: float = 0.0
    """How far the answers lean towards rare diagnoses among the malignant and among the benign ones: p is divided by (share of its
    group)^lean. 0 is the mix of the data, 1 all alike."""
    lean_between: float = 0.0
    """The same for the two groups: p is divided by (prevalence of its group)^lean."""


def leaning(fitted: Calibration, logits: NDArray[np.float64], labels: NDArray[np.int64], malignant: Sequence[int]) -> Calibration:
    """The fit with the furthest lean, first within the groups, then between them, that leaves both calibration errors on val, most
    probable class and malignant, at most `MAX_ECE`, or where they are without it.

    As the most probable class a rare diagnosis is hardly ever named by probabilities that hold for the mix of the data (Menon et al.
    2021, arXiv:2007.07314, shift logits by the prior for that reason); by how much may be shifted, calibration decides. Within the
    groups first: that moves malignancy little.
    """
    prevalence = np.bincount(labels, minlength=logits.shape[1]).clip(1) / len(labels)
    is_malignant = np.isin(np.arange(logits.shape[1]), malignant)
    group = np.where(is_malignant, prevalence[is_malignant].sum(), prevalence[~is_malignant].sum())
    allowed = max(MAX_ECE, _error(fitted, logits, labels, malignant))

    def furthest(start: Calibration, shares: NDArray[np.float64], field: str) -> Calibration:
        leant = [_shifted(start, lean * np.log(shares), **{field: lean}) for lean in LEANS]
        bearable = [tried for tried in leant if _error(tried, logits, labels, malignant) <= allowed]
        return bearable[-1] if bearable else start

    return furthest(furthest(fitted, prevalence / group, "lean_within"), group, "lean_between")


def _shifted(start: Calibration, by: NDArray[np.float64], **lean: float) -> Calibration:
    bias = np.asarray(start.class_bias) - by
    return replace(start, class_bias=tuple(round(float(b), 4) for b in bias - bias.mean()), **lean)


def _error(tried: Calibration, logits: NDArray[np.float64], labels: NDArray[np.int64], malignant: Sequence[int]) -> float:
    """The larger one of the calibration errors of the most probable class and of malignancy."""
    p = classify.calibrate(logits, tried.temperature, tried.class_bias)
    chosen, mass = p.argmax(axis=1), p[:, list(malignant)].sum(axis=1)
    errors = metrics.ece(labels == chosen, p.max(axis=1)), metrics.ece(np.isin(labels, malignant), mass)
    return max(error or 0.0 for error in errors)


def fit(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Calibration:
    """Temperature and class biases that minimise the cross-entropy of softmax(z/T + b) on N×n logits.

    Guo et al. 2017 (arXiv:1706.04599), with the bias of their vector scaling and one shared temperature.
    """
    z, target = torch.from_numpy(logits), torch.from_numpy(labels)
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_temperature, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(z / log_temperature.exp() + bias, target) + BIAS_PENALTY * bias.square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    centred = (bias - bias.mean()).detach()
    return Calibration(float(log_temperature.detach().exp()), tuple(round(float(b), 4) for b in centred))


def fit_logistic(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of P = sigmoid(slope·s + intercept) on N scores (Platt 1999), with his smoothed targets.

    His targets, (N₊+1)/(N₊+2) and 1/(N₋+2), keep the fit finite where the scores separate or one outcome never occurs. A line that
    would fall is replaced by a level one: that a higher score should speak against is chance, and reversed it would be no better.
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    target = torch.from_numpy(np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2)))
    s = torch.from_numpy(scores)
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(line[0] * s + line[1], target)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    slope, intercept = line.tolist()
    return (slope, intercept) if slope >= 0 else (0.0, float(torch.logit(target.mean())))


def choose_thresholds(overlaps: NDArray[np.float64]) -> tuple[float, ...]:
    """Thresholds for C structures out of `THRESHOLDS` that together give the highest micro-Jaccard index, Σ intersection / Σ union.

    `overlaps` T×C×2: intersection and union at each threshold, summed over the images. Exact, by Dinkelbach 1967
    (doi:10.1287/mnsc.13.7.492): at the highest ratio λ, every structure for itself has the highest intersection − λ·union.
    A threshold for each by its own index would mark much that is not there: a rare structure's index is low whatever is marked.
    """
    ratio, before = 1e-9, 0.0  # above 0, so that where nothing is hit the least is marked
    highest_first, thresholds = overlaps[::-1], THRESHOLDS[::-1]  # and of equals, the one that marks less on other images
    chosen = np.zeros(overlaps.shape[1], dtype=np.int64)
    while ratio > before:
        chosen = (highest_first[..., 0] - ratio * highest_first[..., 1]).argmax(axis=0)
        intersection, union = highest_first[chosen, range(len(chosen))].sum(axis=0)
        before, ratio = ratio, intersection / max(union, 1e-12)
    return tuple(thresholds[index] for index in chosen)
