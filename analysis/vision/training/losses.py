"""Loss functions: logits and targets in, one differentiable number out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def class_loss(
    logits: Tensor, target: Tensor, prevalence: Tensor | None, *, smoothing: float, weight_power: float, adjustment: float
) -> Tensor:
    """Cross-entropy of N×C logits against N×C shares of each class, with what may be done about rare ones besides drawing them often.

    `prevalence` is C, as drawn; needed for both. `weight_power`: each image counts prevalence^−power of its class as much, 1 on
    average. `adjustment` τ adds τ·log prevalence to the logits while learning (Menon et al. 2021, arXiv:2007.07314, eq. 10), so that
    those without it are of a world in which all classes are as common.
    """
    if prevalence is None:
        return functional.cross_entropy(logits, target, label_smoothing=smoothing)
    prevalence = prevalence.to(logits)
    each = functional.cross_entropy(logits + adjustment * prevalence.log(), target, label_smoothing=smoothing, reduction="none")
    weight = target @ prevalence**-weight_power / (prevalence ** (1 - weight_power)).sum()
    return (weight * each).mean()


def soft_jaccard(logits: Tensor, target: Tensor) -> Tensor:
    """1 − J of S0 eq. 1 with probabilities in place of 0/1, per image, averaged.

    J = Σ t·p / (Σ t² + Σ p² − Σ t·p); logits and target N×1×H×W float, target 0 or 1.
    """
    p = torch.sigmoid(logits)
    both = (p * target).flatten(1).sum(1)
    either = (p * p + target * target).flatten(1).sum(1) - both
    return 1 - ((both + 1) / (either + 1)).mean()


def overlapping_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy plus 1 − J over the whole batch, half of it of each channel and half of all channels together.

    A structure is missing from most images, and the Jaccard index of nothing says nothing: counted over the batch it is defined
    nearly always. ISIC 2018 Task 2 scores all structures together; the half for each keeps the rare ones from being given up.
    Logits and target N×C×H×W float, target 0 or 1.
    """
    p = torch.sigmoid(logits)
    both = (p * target).sum((0, 2, 3))
    either = (p * p + target * target).sum((0, 2, 3)) - both
    pixels = logits.shape[-1] * logits.shape[-2]
    apart = 1 - (both + 1e-3 * pixels) / (either + 1e-3 * pixels)
    together = 1 - (both.sum() + 1e-3 * pixels) / (either.sum() + 1e-3 * pixels)
    return functional.binary_cross_entropy_with_logits(logits, target) + (apart.mean() + together) / 2


def lesion_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy, as the report trains, plus soft Jaccard, which is what the mask is judged by."""
    return functional.binary_cross_entropy_with_logits(logits, target) + soft_jaccard(logits, target)
