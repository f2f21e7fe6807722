"""Does the answer hold when it is asked for in other ways (SPEC A3, A11)? Each network alone, and the picture seen again, changed a little.

An ensemble's members and a picture's views err differently where the answer is a matter of chance (Lakshminarayanan et al. 2017,
arXiv:1612.01474; S4 lets five networks vote). docs/models.md says how much oftener answers that waver are wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from analysis.vision import classify
from analysis.vision.types import CLASSES, Certainty, Classification
from analysis.vision.weights import Model

ENLARGED = 1.1
"""As if the camera had been held a little nearer."""


def ask_again(x: Tensor, maps: Tensor, model: Model, given: Classification) -> Certainty:
    """What else is answered for the 1×3×s×s input `x` whose last feature maps are `maps` and whose answer was `given`.

    Of K answers p_k, beside the given p: `agreeing` is the share with (p_k ≥ threshold) = (p ≥ threshold), `same_diagnosis` that with
    the same most probable class.
    """
    alone = classify.opinions(maps, model)[0]
    seen_again = classify.probabilities(torch.cat([x.flip(3), _enlarged(x)]), model)
    members = alone if len(alone) > 1 else alone[:0]  # a single network alone is the answer given, not another way of asking
    answers = [*members, *seen_again]
    malignant = [float(classify.malignant_mass(answer)) for answer in answers]
    agreeing = sum((p >= given.threshold) == given.is_suspicious for p in malignant)
    same_diagnosis = sum(CLASSES[int(answer.argmax())] == given.scores[0].label for answer in answers)
    return Certainty(
        networks=tuple(malignant[:-2]),
        mirrored=malignant[-2],
        enlarged=malignant[-1],
        agreeing=agreeing / len(answers),
        same_diagnosis=same_diagnosis / len(answers),
    )


def _enlarged(x: Tensor) -> Tensor:
    """The middle of N×3×s×s pictures, at their size."""
    side = x.shape[-1]
    margin = round(side * (1 - 1 / ENLARGED) / 2)
    middle = x[..., margin : side - margin, margin : side - margin]
    return functional.interpolate(middle, size=(side, side), mode="bilinear", align_corners=False)
