"""Eight diagnoses and malignancy from one forward pass, presented as the Skincare report does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from analysis.vision import familiarity, imaging
from analysis.vision.networks.backbones import WIDTH
from analysis.vision.types import CLASSES, MALIGNANT_CLASSES, Classification, ClassScore, Familiarity, RgbImage
from analysis.vision.weights import Card, Model, reference_of

if TYPE_CHECKING:
    from analysis.vision.networks.backbones import Backbone


def to_input(image: NDArray[np.uint8], size_px: int) -> Tensor:
    """H×W×3 uint8 → 1×3×size×size float32 in [−1, 1], channels last in memory; the frame is squashed to a square."""
    small = imaging.resize(image, size_px, size_px)
    x = torch.from_numpy(small.astype(np.float32) / 127.5 - 1)
    return x.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)


def prepare(image: RgbImage, card: Card) -> Tensor:
    """The centred square of the image as the classifier expects it: 1×3×s×s float32."""
    return to_input(imaging.centre_square(image), card.input_px)


@dataclass(frozen=True)
class Seen:
    """What the network makes of N images in one pass."""

    features: NDArray[np.float64]
    """N×d, averaged over the picture: what `familiarity` judges."""
    scores: NDArray[np.float64]
    """N×8 raw class scores."""
    p_dermoscopic: NDArray[np.float64]
    """N, in [0, 1]."""


def look(x: Tensor, model: Model) -> Seen:
    """One forward pass over N×3×s×s."""
    return read(model.maps(x), model)


def read(maps: Tensor, model: Model) -> Seen:
    """What the network makes of its last feature maps, N×K×h×w: eight logits, and σ(z₉) for a dermatoscope."""
    with torch.inference_mode():
        pooled = maps.mean((2, 3))
        outputs = cast("Backbone", model.network).classifier(pooled)
    features, scores = (np.asarray(tensor.cpu().numpy(), dtype=np.float64) for tensor in (pooled, outputs))
    return Seen(features, scores[:, : len(CLASSES)], expit(scores[:, len(CLASSES)]))


def calibrate(raw: NDArray[np.float64], temperature: float, class_bias: tuple[float, ...]) -> NDArray[np.float64]:
    """Probabilities softmax(z/T + b), N×n.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a bias per class, which undoes the class-weighted
    sampling of training; both are fitted on val.
    """
    shifted = raw / temperature + np.asarray(class_bias)
    shifted -= shifted.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def probabilities(x: Tensor, model: Model) -> NDArray[np.float64]:
    """Calibrated probabilities of N×3×s×s inputs, N×8 in the order of CLASSES: what the explanations ask again and again."""
    return calibrate(look(x, model).scores, model.card.temperature, model.card.class_bias)


def opinions(maps: Tensor, model: Model) -> NDArray[np.float64]:
    """What each of an ensemble's M networks says by itself of the N pictures with these last feature maps: N×M×8 probabilities.

    Calibrated as the ensemble is. M is 1 for a single network.
    """
    pooled = torch.split(maps.mean((2, 3)), WIDTH, dim=1)
    return np.stack([_opinion(own, index, model) for index, own in enumerate(pooled)], axis=1)


def _opinion(pooled: Tensor, index: int, model: Model) -> NDArray[np.float64]:
    """N×WIDTH features of one network → N×8.

    Joining averages the members' logits as one linear layer over all their features; here it is taken apart again, but for their biases,
    which are known as their mean alone.
    """
    last = (model.network.get_parameter(f"classifier.1.{name}") for name in ("weight", "bias"))
    weight, bias = (np.asarray(parameter.detach().cpu().numpy(), dtype=np.float64) for parameter in last)
    own = weight[: len(CLASSES), index * WIDTH : (index + 1) * WIDTH] * (weight.shape[1] // WIDTH)
    raw = pooled.cpu().numpy().astype(np.float64) @ own.T + bias[: len(CLASSES)]
    return calibrate(raw, model.card.temperature, model.card.class_bias)


def confidence_percent(p: float, classes: int) -> float:
    """Confidence c = (p − u)/(1 − u)·100 with u = 1/n (S0 §3.3); negative below the uniform distribution."""
    uniform = 1 / classes
    return (p - uniform) / (1 - uniform) * 100


def uncertainty(probabilities: NDArray[np.float64]) -> float:
    """Shannon entropy of an n-vector divided by log n, −Σ p log p / log n: 0 certain, 1 uniform."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum() / np.log(len(probabilities)))


def malignant_mass(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summed probability of the malignant classes, p(MEL) + p(BCC) + p(SCC) + p(AK) (SPEC A1); (…, n) → (…)."""
    return np.asarray(probabilities[..., [CLASSES.index(name) for name in MALIGNANT_CLASSES]].sum(axis=-1))


def present(probabilities: NDArray[np.float64], threshold: float, p_dermoscopic: float) -> Classification:
    """A probability vector over CLASSES as a clinician reads it: ranked, with confidences, listed only above chance, 1/n (S0 §3.3)."""
    count = len(CLASSES)
    scores = [
        ClassScore(label, float(p), confidence_percent(float(p), count), bool(p > 1 / count))
        for label, p in zip(CLASSES, probabilities, strict=True)
    ]
    p_malignant = float(malignant_mass(probabilities))
    return Classification(
        scores=tuple(sorted(scores, key=lambda score: -score.probability)),
        p_malignant=p_malignant,
        malignant_confidence_percent=confidence_percent(max(p_malignant, 1 - p_malignant), 2),
        uncertainty=uncertainty(probabilities),
        threshold=threshold,
        p_dermoscopic=p_dermoscopic,
    )


def classify(maps: Tensor, model: Model) -> tuple[Classification, Familiarity]:
    """Classify one image by its last feature maps (S0 §3.1–3.3), and say whether it resembles what the classifier knows."""
    seen = read(maps, model)
    probabilities = calibrate(seen.scores, model.card.temperature, model.card.class_bias)[0]
    answer = present(probabilities, model.card.threshold, float(seen.p_dermoscopic[0]))
    return answer, familiarity.judge(seen.features[0], reference_of(model))
