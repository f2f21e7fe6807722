"""What card.json says of a model (SPEC T8): fitted on val, reported on test once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vision import classify, metrics
from analysis.vision.familiarity import FILE as FAMILIARITY_FILE
from analysis.vision.training import calibration, data, evaluate, familiarity
from analysis.vision.training.data import Example
from analysis.vision.training.recipe import Recipe
from analysis.vision.types import CLASSES, MALIGNANT_CLASSES, STRUCTURES
from analysis.vision.weights import Model, StructureRule, sha256

INTENDED_USE = (
    "Decision support for clinicians who look at the lesion themselves. It never diagnoses: every result is "
    "preliminary until a named person signs it, and it may raise the priority of a case, never lower it. "
    "Not a medical device. Trained on data licensed for non-commercial use (CC BY-NC 4.0): research use only."
)
OUTLINE_THRESHOLDS = (0.4, 0.5, 0.6, 0.7)
MALIGNANT_INDICES = [CLASSES.index(name) for name in MALIGNANT_CLASSES]
CHANCE = 0.6
"""A structure whose presence AUC on val may lie below this is not shown to clinicians."""
SENSITIVITIES = (0.80, 0.90, 0.95)
"""Operating points for `malignant` on every classifier's card."""

Part = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """A trained network, not calibrated yet, and what it is to be described by."""

    recipe: Recipe
    model: Model
    splits: dict[str, list[Example]]
    data_dir: Path
    folder: Path
    """Where the weights lie and what else belongs to the model is put."""
    started_from: Part
    """Digests of what the training started from, and the recipes it was trained by."""


def card(material: Material) -> Part:
    """The whole content of card.json."""
    recipe, train = material.recipe, material.splits["train"]
    return {
        "task": recipe.task,
        "architecture": recipe.architecture,
        "classes": list(material.model.card.classes),
        "outputs": list(recipe.outputs),
        "sha256": material.model.card.sha256,
        "preprocessing": {
            "input_px": recipe.input_px,
            "geometry": "centred square, resized" if recipe.task == "classification" else "whole frame, squashed",
            "scaling": "RGB / 127.5 - 1",
        },
        **PARTS[recipe.task](material),
        "recipe": asdict(recipe),
        "data": {
            "splits": {split: len(examples) for split, examples in material.splits.items()},
            "by_dataset": evaluate.counts(train, lambda e: e.dataset),
            "by_class": evaluate.counts(train, lambda e: e.label),
            "split_rule": "by hash of group_id (lesion, patient or set of near-duplicates); groups on two sides count for the first",
            "licences": sorted({example.licence for example in train}),
            "sha256": data.file_digests(material.data_dir, train),
            "started_from": material.started_from,
            "selection_sha256": {split: data.selection_digest(examples) for split, examples in material.splits.items()},
        },
        "intended_use": INTENDED_USE,
    }


# --- eight diagnoses --------------------------------------------------------------------------------------------------


def _classification(material: Material) -> Part:
    """Calibration and thresholds from val, figures from test."""
    val, test, recipe = material.splits["val"], material.splits["test"], material.recipe
    labels = data.class_indices(val)
    malignant = np.isin(labels, MALIGNANT_INDICES)
    on_val, on_test = (evaluate.seen(material.model, examples, material.data_dir) for examples in (val, test))
    fit = calibration.leaning(calibration.fit(on_val.scores, labels), on_val.scores, labels, MALIGNANT_INDICES)
    p_val, p_test = (classify.calibrate(found.scores, fit.temperature, fit.class_bias) for found in (on_val, on_test))
    wanted = (*SENSITIVITIES, recipe.target_sensitivity)
    points = {sensitivity: _threshold(malignant, classify.malignant_mass(p_val), sensitivity) for sensitivity in wanted}
    threshold = points[recipe.target_sensitivity]
    card = replace(material.model.card, temperature=fit.temperature, class_bias=fit.class_bias, threshold=threshold)
    reference, strange = familiarity.fit(material.model, material.splits["train"], val, on_val.features, material.data_dir)
    reference.save(material.folder / FAMILIARITY_FILE)
    return {
        "calibration": {**asdict(fit), "fitted_on": "val"},
        "threshold": {"value": threshold, "rule": f"sensitivity {recipe.target_sensitivity} for malignant on val"},
        "operating_points": [
            {"sensitivity_on_val": sensitivity, "threshold": point, "test": evaluate.operating_figures(p_test, test, point)}
            for sensitivity, point in sorted(points.items())
        ],
        "metrics": {
            "val": evaluate.classification_figures(on_val, card, reference, val),
            "test": evaluate.classification_figures(on_test, card, reference, test),
        },
        "familiarity": {"sha256": sha256(material.folder / FAMILIARITY_FILE), **strange},
        "validated_scope": _classification_scope(test),
        "known_failures": _missed(p_val, val, threshold),
    }


def _threshold(malignant: NDArray[np.bool_], mass: NDArray[np.float64], wanted: float) -> float:
    threshold = metrics.threshold_at_sensitivity(malignant, mass, wanted)
    if threshold is None:
        raise ValueError("val has no malignant case: no operating point can be chosen")
    return threshold


def _classification_scope(test: list[Example]) -> Part:
    kinds = evaluate.counts(test, lambda e: e.modality)
    skin = evaluate.counts(test, lambda e: e.skin_type)
    unknown = skin.get("unknown", 0)
    return {
        "summary": (
            f"Tested on {kinds.get('dermoscopic', 0)} dermoscopic images (centre crops, {data.CACHE_PX} px) and {kinds.get('clinical', 0)} "
            f"smartphone photographs of eight diagnoses. Skin type is known for {len(test) - unknown} of them, "
            f"{skin.get('5', 0) + skin.get('6', 0)} of type V or VI. It looks at the centred square of an image. Not tested on "
            "children, nails or mucosa as such, nor on anything that is none of the eight diagnoses."
        ),
        "test_counts": {"modality": kinds, "site": evaluate.counts(test, lambda e: e.site), "skin_type": skin},
    }


def _missed(p: NDArray[np.float64], val: list[Example], threshold: float) -> Part:
    """The malignant val images the model was surest about being benign."""
    mass = classify.malignant_mass(p)
    order = [i for i in np.argsort(mass) if val[i].label in MALIGNANT_CLASSES and mass[i] < threshold]
    return {
        "surest_misses_on_val": [{"id": val[i].name, "label": val[i].label, "p_malignant": round(float(mass[i]), 4)} for i in order[:10]]
    }


# --- the outline ------------------------------------------------------------------------------------------------------


def _lesion(material: Material) -> Part:
    """The threshold with the best mean Jaccard on val; figures on val and test."""
    val, test = material.splits["val"], material.splits["test"]
    tried = {threshold: replace(material.model, card=replace(material.model.card, threshold=threshold)) for threshold in OUTLINE_THRESHOLDS}
    by_threshold = {threshold: evaluate.jaccards(model, val, material.data_dir) for threshold, model in tried.items()}
    chosen = max(by_threshold, key=lambda threshold: by_threshold[threshold].mean())
    on_val, on_test = by_threshold[chosen], evaluate.jaccards(tried[chosen], test, material.data_dir)
    worst = np.argsort(on_val)[:10]
    return {
        "calibration": _uncalibrated(1),
        "threshold": {"value": chosen, "rule": "best mean Jaccard index on val"},
        "metrics": {"val": evaluate.lesion_figures(on_val, val), "test": evaluate.lesion_figures(on_test, test)},
        "robustness_on_val": evaluate.robustness(tried[chosen], val, material.data_dir),
        "validated_scope": _mask_scope(test, "outlines drawn or approved by people", "outlines"),
        "known_failures": {"worst_on_val": [{"id": val[i].name, "jaccard": round(float(on_val[i]), 4)} for i in worst]},
    }


def _uncalibrated(outputs: int) -> Part:
    return {"temperature": 1.0, "class_bias": [0.0] * outputs, "fitted_on": "nothing: a map is not a probability of disease"}


def _mask_scope(test: list[Example], reference: str, what: str) -> Part:
    return {
        "summary": (
            f"Tested on {len(test)} dermoscopic images with {reference}, skin type unknown. "
            f"Not tested on smartphone photographs; {what} there are unreliable."
        ),
        "test_counts": {"dataset": evaluate.counts(test, lambda e: e.dataset)},
    }


# --- structures -------------------------------------------------------------------------------------------------------


def _structures(material: Material) -> Part:
    """A threshold and a presence curve for each structure from val, figures from test."""
    val, test = material.splits["val"], material.splits["test"]
    grid = np.repeat(np.array(calibration.THRESHOLDS)[:, None], len(STRUCTURES), axis=1)
    on_val = evaluate.marks(material.model, val, material.data_dir, grid)
    chosen = calibration.choose_thresholds(on_val.overlaps.sum(axis=0))
    picked = replace(
        on_val, overlaps=on_val.overlaps[:, [calibration.THRESHOLDS.index(t) for t in chosen], range(len(STRUCTURES))][:, None]
    )
    on_test = evaluate.marks(material.model, test, material.data_dir, np.array([chosen]))
    lines = [calibration.fit_logistic(on_val.scores[:, index], on_val.present[:, index]) for index in range(len(STRUCTURES))]
    drafts = [StructureRule(t, round(slope, 4), round(intercept, 4), True) for t, (slope, intercept) in zip(chosen, lines, strict=True)]
    figures = evaluate.structure_figures(picked, val, drafts)
    rules = {
        name: replace(draft, is_validated=_is_told(figures["by_structure"][name])) for name, draft in zip(STRUCTURES, drafts, strict=True)
    }
    return {
        "calibration": _uncalibrated(len(STRUCTURES)),
        "threshold": {"value": 0.5, "rule": "not used: each structure has its own"},
        "structures": {
            name: {"threshold": rule.threshold, "presence": [rule.slope, rule.intercept], "is_validated": rule.is_validated}
            for name, rule in rules.items()
        },
        "structures_rule": "thresholds: together the best micro-Jaccard index on val; "
        "presence: sigmoid(slope * s + intercept), Platt's fit on val; "
        f"validated: at least {evaluate.MIN_SUBGROUP} images on val and the lower bound of the presence AUC there above {CHANCE}",
        "metrics": {
            "val": figures,
            "test": evaluate.structure_figures(on_test, test, list(rules.values())),
        },
        "validated_scope": _mask_scope(test, "five structures marked sparsely by experts", "structures"),
        "known_failures": _missed_structures(on_val, val),
    }


def _is_told(figures: Part) -> bool:
    """Whether val has enough images with the structure, and the lower bound of its presence AUC is clearly above chance."""
    low = figures["presence_auc"].get("low")
    return figures["n"] >= evaluate.MIN_SUBGROUP and low is not None and low > CHANCE


def _missed_structures(on_val: evaluate.Marks, val: list[Example]) -> Part:
    """The val images that show a structure and look least like it to the network, three of each."""
    found: Part = {}
    for index, name in enumerate(STRUCTURES):
        shown = np.flatnonzero(on_val.present[:, index])
        found[name] = [val[i].name for i in shown[np.argsort(on_val.scores[shown, index])][:3]]
    return {"overlooked_on_val": found}


PARTS: dict[str, Callable[[Material], Part]] = {"classification": _classification, "lesion": _lesion, "structures": _structures}
