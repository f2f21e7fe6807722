"""Every figure a model card shows, computed the way the program computes at work: file → decode → network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vision import classify, metrics, segment, structures
from analysis.vision.classify import Seen
from analysis.vision.familiarity import Reference
from analysis.vision.training.data import Example, Shards, class_indices
from analysis.vision.training.disturbances import DISTURBANCES, Disturb
from analysis.vision.types import CLASSES, MALIGNANT_CLASSES, STRUCTURES
from analysis.vision.weights import Card, Model, StructureRule

RESAMPLES = 1000
"""Of every bootstrap."""
DISTURBANCE_SEED = 20261121
MIN_SUBGROUP = 20
"""Fewer cases than this say nothing: their figures are not shown (SPEC E2)."""

REGIONS = {
    "head and neck": ("ear", "face", "head, neck", "head/neck", "lip", "neck", "nose", "scalp"),
    "trunk": ("abdomen", "anterior torso", "back", "chest", "lateral torso", "posterior torso", "trunk"),
    "upper extremity": ("arm", "forearm", "hand", "upper extremity"),
    "lower extremity": ("foot", "lower extremity", "thigh"),
}
Figure = dict[str, Any]


def seen(model: Model, examples: Sequence[Example], data_dir: Path) -> Seen:
    """What the classifier makes of the examples, one after the other as at work."""
    shards = Shards(data_dir)
    rows = [classify.look(classify.prepare(shards.image(example), model.card), model) for example in examples]
    return Seen(*(np.concatenate([getattr(row, field.name) for row in rows]) for field in fields(Seen)))


def classification_figures(found: Seen, card: Card, reference: Reference, examples: Sequence[Example]) -> Figure:
    """All classification figures over `examples`, then by class, modality, skin type and region of the body."""
    familiar = reference.unfamiliar(found.features) < 0.5
    p, threshold = classify.calibrate(found.scores, card.temperature, card.class_bias), card.threshold
    figures = _classification(p, examples, threshold)
    figures["modality"] = _modality_figures(found.p_dermoscopic, examples)
    figures["kept_as_familiar"] = interval(lambda i: float(familiar[i].mean()), [example.group_id for example in examples])
    figures["calibration_curve_malignant"] = _calibration_curve(p, examples)
    figures["by_class"] = {label: _one_class(p, examples, label) for label in CLASSES}
    for title, key in (("by_modality", _modality), ("by_skin_type", _skin_type), ("by_region", _region)):
        figures[title] = {
            name: _classification(p[rows], [examples[i] for i in rows], threshold) if len(rows) >= MIN_SUBGROUP else {"n": len(rows)}
            for name, rows in _subgroups(examples, key).items()
        }
    return figures


def _classification(p: NDArray[np.float64], examples: Sequence[Example], threshold: float) -> Figure:
    labels, groups = class_indices(examples), [example.group_id for example in examples]
    malignant, mass = _malignant(examples), classify.malignant_mass(p)

    def over(statistic: Callable[[NDArray[np.int64]], float | None]) -> Figure:
        return interval(statistic, groups)

    return {
        "n": len(labels),
        "macro_auc": over(lambda i: metrics.macro_auc(labels[i], p[i])),
        "melanoma_auc": over(lambda i: metrics.auc(labels[i] == CLASSES.index("MEL"), p[i, CLASSES.index("MEL")])),
        "malignant_auc": over(lambda i: metrics.auc(malignant[i], mass[i])),
        "balanced_accuracy": over(lambda i: metrics.balanced_accuracy(labels[i], p[i].argmax(axis=1))),
        "accuracy": over(lambda i: float((labels[i] == p[i].argmax(axis=1)).mean())),
        "malignant_sensitivity": over(lambda i: metrics.sensitivity(malignant[i], mass[i] >= threshold)),
        "malignant_specificity": over(lambda i: metrics.specificity(malignant[i], mass[i] >= threshold)),
        "ece_top_class": over(lambda i: metrics.ece(labels[i] == p[i].argmax(axis=1), p[i].max(axis=1))),
        "ece_malignant": over(lambda i: metrics.ece(malignant[i], mass[i])),
    }


def operating_figures(p: NDArray[np.float64], examples: Sequence[Example], threshold: float) -> Figure:
    """Sensitivity and specificity for malignant when the alert is given at `threshold`."""
    malignant, mass = _malignant(examples), classify.malignant_mass(p)
    groups = [example.group_id for example in examples]
    return {
        "sensitivity": interval(lambda i: metrics.sensitivity(malignant[i], mass[i] >= threshold), groups),
        "specificity": interval(lambda i: metrics.specificity(malignant[i], mass[i] >= threshold), groups),
    }


def _malignant(examples: Sequence[Example]) -> NDArray[np.bool_]:
    return np.array([example.label in MALIGNANT_CLASSES for example in examples])


def _modality_figures(dermoscopic: NDArray[np.float64], examples: Sequence[Example]) -> Figure:
    truth, groups = np.array([example.modality == "dermoscopic" for example in examples]), [example.group_id for example in examples]
    return {
        "auc": interval(lambda i: metrics.auc(truth[i], dermoscopic[i]), groups),
        "accuracy": interval(lambda i: float((truth[i] == (dermoscopic[i] >= 0.5)).mean()), groups),
    }


def _calibration_curve(p: NDArray[np.float64], examples: Sequence[Example]) -> list[Figure]:
    """Tenths of the images by stated probability of malignancy, and how often it came true."""
    mass, malignant = classify.malignant_mass(p), _malignant(examples)
    return [
        {"n": len(tenth), "stated": round(float(mass[tenth].mean()), 4), "observed": round(float(malignant[tenth].mean()), 4)}
        for tenth in np.array_split(np.argsort(mass), 10)
        if len(tenth)
    ]


def _one_class(p: NDArray[np.float64], examples: Sequence[Example], label: str) -> Figure:
    """The columns of the report's table 2 (S0): one class against the rest."""
    index = CLASSES.index(label)
    truth, groups = class_indices(examples) == index, [example.group_id for example in examples]
    chosen = p.argmax(axis=1) == index
    return {
        "n": int(truth.sum()),
        "auc": interval(lambda i: metrics.auc(truth[i], p[i, index]), groups),
        "sensitivity": interval(lambda i: metrics.sensitivity(truth[i], chosen[i]), groups),
        "specificity": interval(lambda i: metrics.specificity(truth[i], chosen[i]), groups),
    }


def lesion_figures(jaccards: NDArray[np.float64], examples: Sequence[Example]) -> Figure:
    """Mean and thresholded Jaccard (0.65, as ISIC 2018 Task 1 scores) over all masks and by dataset."""
    everything = {"all": np.arange(len(examples)), **_subgroups(examples, lambda example: example.dataset)}
    return {name: _jaccard_figures(jaccards[rows], [examples[i] for i in rows]) for name, rows in everything.items()}


def _jaccard_figures(jaccards: NDArray[np.float64], examples: Sequence[Example]) -> Figure:
    groups = [example.group_id for example in examples]
    return {
        "n": len(examples),
        "mean_jaccard": _mean(jaccards, groups),
        "thresholded_jaccard": interval(lambda i: metrics.thresholded_jaccard(jaccards[i]), groups),
    }


def jaccards(model: Model, examples: Sequence[Example], data_dir: Path) -> NDArray[np.float64]:
    """Jaccard of the finished outline against the reference mask, image by image, at the delivered size."""
    shards = Shards(data_dir)
    pairs = ((segment.outline(shards.image(e), model).mask, shards.mask(e) > 0) for e in examples)
    return np.array([metrics.jaccard(found, reference) for found, reference in pairs])


def robustness(model: Model, examples: Sequence[Example], data_dir: Path) -> Figure:
    """Mean Jaccard of the outlines when every picture is disturbed, by kind of disturbance."""
    groups = [example.group_id for example in examples]
    return {kind: _mean(_disturbed(model, examples, data_dir, disturb), groups) for kind, disturb in DISTURBANCES.items()}


def _disturbed(model: Model, examples: Sequence[Example], data_dir: Path, disturb: Disturb) -> NDArray[np.float64]:
    shards, found = Shards(data_dir), []
    for index, example in enumerate(examples):
        image, truth = disturb(shards.image(example), shards.mask(example) > 0, np.random.default_rng([DISTURBANCE_SEED, index]))
        found.append(metrics.jaccard(segment.outline(image, model).mask, truth))
    return np.array(found)


@dataclass(frozen=True)
class Marks:
    """Structures of N images: `overlaps` N×T×C×2 (intersection and union, as shares of the image, at T thresholds), `scores` N×C
    that presence is read from, `present` N×C what experts marked.
    """

    overlaps: NDArray[np.float64]
    scores: NDArray[np.float64]
    present: NDArray[np.bool_]


def marks(model: Model, examples: Sequence[Example], data_dir: Path, thresholds: NDArray[np.float64]) -> Marks:
    """Compare the maps with the annotation at each of T×C `thresholds`, at the delivered size."""
    shards = Shards(data_dir)
    bits = 2 ** np.arange(len(STRUCTURES), dtype=np.uint8)
    overlaps, scores, present = [], [], []
    for example in examples:
        logits = segment.logits(shards.image(example), model)
        truth = shards.structures(example)[None] & bits[:, None, None] > 0
        maps = segment.enlarged(logits, *truth.shape[1:])
        overlaps.append([[metrics.overlap(m > t, known) for m, t, known in zip(maps, row, truth, strict=True)] for row in thresholds])
        scores.append(structures.presence_scores(logits))
        present.append(truth.any(axis=(1, 2)))
    return Marks(np.array(overlaps), np.array(scores), np.array(present))


def structure_figures(found: Marks, examples: Sequence[Example], rules: Sequence[StructureRule]) -> Figure:
    """ISIC 2018 Task 2's micro-Jaccard over everything; each structure's own, and how well its presence is told."""
    overlaps, groups = found.overlaps[:, 0], [example.group_id for example in examples]
    probable = structures.presence(found.scores, rules)
    return {
        "n": len(examples),
        "micro_jaccard": interval(lambda i: metrics.micro_jaccard(overlaps[i]), groups),
        "by_structure": {
            name: _one_structure(overlaps[:, index], found.present[:, index], probable[:, index], groups)
            for index, name in enumerate(STRUCTURES)
        },
    }


def _one_structure(overlaps: NDArray[np.float64], shown: NDArray[np.bool_], p: NDArray[np.float64], groups: list[str]) -> Figure:
    return {
        "n": int(shown.sum()),
        "jaccard": interval(lambda i: metrics.micro_jaccard(overlaps[i]), groups),
        "presence_auc": interval(lambda i: metrics.auc(shown[i], p[i]), groups),
        "presence_ece": interval(lambda i: metrics.ece(shown[i], p[i]), groups),
    }


def interval(statistic: Callable[[NDArray[np.int64]], float | None], groups: Sequence[str]) -> Figure:
    """Value with a 95 % interval, bootstrapped over groups (a lesion or a patient), rounded to 4 decimals."""
    value = statistic(np.arange(len(groups)))
    if value is None:
        return {"value": None}
    low, high = metrics.bootstrap_interval(statistic, groups, n=RESAMPLES) or (None, None)
    return {"value": round(value, 4), "low": low and round(low, 4), "high": high and round(high, 4)}


def _mean(values: NDArray[np.float64], groups: Sequence[str]) -> Figure:
    return interval(lambda i: float(values[i].mean()), groups)


def _subgroups(examples: Sequence[Example], key: Callable[[Example], str]) -> dict[str, NDArray[np.int64]]:
    names = [key(example) for example in examples]
    return {name: np.flatnonzero(np.array(names) == name) for name in sorted(set(names)) if name}


def _modality(example: Example) -> str:
    return example.modality


def _skin_type(example: Example) -> str:
    return example.skin_type


def _region(example: Example) -> str:
    """The data sets name sites in words of their own; their regions can be compared."""
    return next((region for region, sites in REGIONS.items() if example.site in sites), "")


def counts(examples: Sequence[Example], key: Callable[[Example], str | None]) -> dict[str, int]:
    """How many examples of each kind, most first; the unknown are counted as `unknown`."""
    return dict(Counter(key(example) or "unknown" for example in examples).most_common())
