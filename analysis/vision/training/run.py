"""From a recipe to a model folder: train, calibrate on val, report on test once, write the card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from analysis.vision import classify, metrics, networks, weights
from analysis.vision.training import calibration, data, evaluate, loop, selection
from analysis.vision.training import recipe as recipes
from analysis.vision.training.data import Example
from analysis.vision.training.recipe import Recipe
from analysis.vision.types import CLASSES, MALIGNANT_CLASSES, STRUCTURES
from analysis.vision.weights import Card, Model

Log = Callable[[str], None]

INTENDED_USE = (
    "Decision support for clinicians who look at the lesion themselves. It never diagnoses: every result is "
    "preliminary until a named person signs it, and it may raise the priority of a case, never lower it. "
    "Not a medical device. Trained on data licensed for non-commercial use (CC BY-NC 4.0): research use only."
)


def train(recipe: Recipe, data_dir: Path, out: Path, today: str, log: Log) -> Path:
    """Train by `recipe` (resuming what is in `out`), and write the finished model folder below `out`.

    `today` (yyyymmdd) becomes part of its name. Raises FileNotFoundError when the data is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    splits = {split: selection.examples(recipe, data_dir, split) for split in ("train", "val", "test")}
    cache = out.parent / "cache"
    val = Validation(recipe, splits["val"], data_dir, cache)
    start = recipe.initial(data_dir)
    initial = load_file(start) if start else {}
    best = loop.train(recipe, training_set(recipe, splits["train"], data_dir, cache), val.score, initial, out, log)
    model = _draft(recipe, best, out)
    log("calibrating on val, reporting on test")
    content = _card(recipe, model, splits, data_dir)
    return _write(content, out, today)


def evaluate_folder(folder: Path, data_dir: Path, split: str) -> dict[str, Any]:
    """The figures of a card's `metrics`, computed anew from the weights in `folder`."""
    model = weights.load_model(folder)
    examples = selection.examples(recipes.restore(model.card.content["recipe"]), data_dir, split)
    if model.card.task == "classification":
        p = evaluate.probabilities(model, examples, data_dir)
        return evaluate.classification_figures(p, examples, model.card.threshold)
    return evaluate.lesion_figures(evaluate.jaccards(model, examples, data_dir), examples)


def training_set(recipe: Recipe, examples: list[Example], data_dir: Path, cache: Path) -> loop.TrainingSet:
    """What a recipe learns from these examples."""
    if recipe.task == "classification":
        labels = data.class_indices(examples)
        dermoscopic = [[example.modality == "dermoscopic"] for example in examples]
        targets = np.hstack([np.eye(len(CLASSES))[labels], dermoscopic]).astype(np.float32)
        pixels = data.classification_images(data_dir, cache, examples)
        return loop.TrainingSet(pixels, class_weights(labels, recipe.sampling_power), classes=targets)
    if recipe.task == "structures":
        pixels = data.structure_images(data_dir, cache, examples)
        bits = tuple(2**index for index in range(len(STRUCTURES)))
        return loop.TrainingSet(pixels, structure_weights(pixels[..., 3], bits, recipe.sampling_power), bits=bits)
    return loop.TrainingSet(data.lesion_images(data_dir, cache, examples), np.ones(len(examples)), bits=(1,))


def class_weights(labels: NDArray[np.int64], power: float) -> NDArray[np.float64]:
    """How often each of N images is drawn: (images of its class)^−power."""
    weights: NDArray[np.float64] = np.bincount(labels, minlength=len(CLASSES)).clip(1)[labels] ** -power
    return weights


def structure_weights(marks: NDArray[np.uint8], bits: tuple[int, ...], power: float) -> NDArray[np.float64]:
    """Weight of each image: that of the rarest structure it shows, count^−power; images without any weigh as the commonest."""
    present = np.array([np.bitwise_or.reduce(image, axis=None) for image in marks])[:, None] & np.array(bits) > 0
    by_structure = present.sum(axis=0).clip(1) ** -power
    weights: NDArray[np.float64] = np.where(present, by_structure, by_structure.min()).max(axis=1)
    return weights


class Validation:
    """Scores a network on val while it trains: macro AUC, or mean Jaccard before hole filling."""

    def __init__(self, recipe: Recipe, examples: list[Example], data_dir: Path, cache: Path) -> None:
        self._recipe = recipe
        self._set = training_set(recipe, examples, data_dir, cache)

    def score(self, network: nn.Module) -> float:
        where = next(network.parameters()).device
        outputs = []
        with torch.inference_mode(), networks.half_precision(where):
            for pixels in self._set.pixels:
                x = classify.to_input(pixels[..., :3], self._recipe.input_px)
                outputs.append(network(x.to(where)).float().cpu().numpy()[0])
        if self._set.classes is not None:
            truth = self._set.classes[:, :-1].argmax(axis=1)
            return metrics.macro_auc(truth, classify.calibrate(np.array(outputs)[:, :-1], 1.0, (0.0,))) or 0.0
        return self._overlap(outputs)

    def _overlap(self, outputs: list[NDArray[np.float32]]) -> float:
        """Mean Jaccard of the lesion, or the micro-Jaccard of the structures, at the size of the cache and a threshold of 0.5."""
        bits = np.array(self._set.bits, dtype=np.uint8)[:, None, None]
        found = [[cv2.resize(channel, (data.CACHE_PX, data.CACHE_PX)) > 0 for channel in output] for output in outputs]
        truth = [pixels[..., 3] & bits > 0 for pixels in self._set.pixels]
        if self._recipe.task == "lesion":
            return float(np.mean([metrics.jaccard(f[0], t[0]) for f, t in zip(found, truth, strict=True)]))
        pairs = zip(chain.from_iterable(found), chain.from_iterable(truth), strict=True)
        return metrics.micro_jaccard([metrics.overlap(f, t) for f, t in pairs]) or 0.0


def _draft(recipe: Recipe, best: loop.State, out: Path) -> Model:
    """The trained network as it will be loaded (rounded to half precision), not calibrated yet."""
    path = out / "model" / weights.WEIGHTS_FILE
    digest = weights.save_weights(best, path)
    classes = CLASSES if recipe.task == "classification" else recipe.outputs
    neutral = (0.0,) * len(classes)
    card = Card("draft", recipe.task, recipe.architecture, classes, recipe.input_px, 0.5, 1.0, neutral, digest, recipe.outputs, {})
    return weights.assemble(card, load_file(path))


def _card(recipe: Recipe, model: Model, splits: dict[str, list[Example]], data_dir: Path) -> dict[str, Any]:
    """The whole content of card.json (SPEC T8)."""
    if recipe.task == "classification":
        fitted = _classification_part(recipe, model, splits, data_dir)
    else:
        fitted = _lesion_part(model, splits, data_dir)
    train_examples = splits["train"]
    return {
        "task": recipe.task,
        "architecture": recipe.architecture,
        "classes": list(model.card.classes),
        "sha256": model.card.sha256,
        "preprocessing": {
            "input_px": recipe.input_px,
            "geometry": "centred square, resized" if recipe.task == "classification" else "whole frame, squashed",
            "scaling": "RGB / 127.5 - 1",
        },
        **fitted,
        "recipe": asdict(recipe),
        "data": {
            "splits": {split: len(examples) for split, examples in splits.items()},
            "by_dataset": evaluate.counts(train_examples, lambda e: e.dataset),
            "by_class": evaluate.counts(train_examples, lambda e: e.label),
            "split_rule": "by hash of group_id (lesion, patient or set of near-duplicates); groups on two sides count for the first",
            "licences": sorted({example.licence for example in train_examples}),
            "sha256": data.file_digests(data_dir, train_examples, [recipe.initial_weights] if recipe.initial_weights else []),
            "selection_sha256": {split: data.selection_digest(examples) for split, examples in splits.items()},
        },
        "intended_use": INTENDED_USE,
    }


def _classification_part(recipe: Recipe, model: Model, splits: dict[str, list[Example]], data_dir: Path) -> dict[str, Any]:
    """Calibration and threshold from val, figures from test."""
    labels = data.class_indices(splits["val"])
    malignant = np.isin(labels, [CLASSES.index(name) for name in MALIGNANT_CLASSES])
    raw = evaluate.raw_logits(model, splits["val"], data_dir)
    fit = calibration.fit(raw, labels)
    on_val = classify.calibrate(raw, fit.temperature, fit.class_bias)
    threshold = metrics.threshold_at_sensitivity(malignant, classify.malignant_mass(on_val), recipe.target_sensitivity)
    if threshold is None:
        raise ValueError("val has no malignant case: no operating point can be chosen")
    calibrated = replace(model, card=replace(model.card, temperature=fit.temperature, class_bias=fit.class_bias))
    on_test = evaluate.probabilities(calibrated, splits["test"], data_dir)
    return {
        "calibration": {**asdict(fit), "fitted_on": "val"},
        "threshold": {"value": threshold, "rule": f"sensitivity {recipe.target_sensitivity} for malignant on val"},
        "metrics": {
            "val": evaluate.classification_figures(on_val, splits["val"], threshold),
            "test": evaluate.classification_figures(on_test, splits["test"], threshold),
        },
        "validated_scope": _classification_scope(splits["test"]),
        "known_failures": _missed(on_val, splits["val"], threshold),
    }


def _classification_scope(test: list[Example]) -> dict[str, Any]:
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
        "test_counts": {
            "modality": kinds,
            "site": evaluate.counts(test, lambda e: e.site),
            "skin_type": evaluate.counts(test, lambda e: e.skin_type),
        },
    }


def _missed(p: NDArray[np.float64], val: list[Example], threshold: float) -> dict[str, Any]:
    """The malignant val images the model was surest about being benign."""
    mass = classify.malignant_mass(p)
    order = [i for i in np.argsort(mass) if val[i].label in MALIGNANT_CLASSES and mass[i] < threshold]
    return {
        "surest_misses_on_val": [{"id": val[i].name, "label": val[i].label, "p_malignant": round(float(mass[i]), 4)} for i in order[:10]]
    }


def _lesion_part(model: Model, splits: dict[str, list[Example]], data_dir: Path) -> dict[str, Any]:
    """The report's threshold; figures on val and test."""
    on_val = evaluate.jaccards(model, splits["val"], data_dir)
    on_test = evaluate.jaccards(model, splits["test"], data_dir)
    worst = np.argsort(on_val)[:10]
    return {
        "calibration": {"temperature": 1.0, "class_bias": [0.0], "fitted_on": "nothing: the mask is not a probability"},
        "threshold": {"value": 0.5, "rule": "the report's (S0 section 3.4)"},
        "metrics": {
            "val": evaluate.lesion_figures(on_val, splits["val"]),
            "test": evaluate.lesion_figures(on_test, splits["test"]),
        },
        "validated_scope": {
            "summary": (
                f"Tested on {len(splits['test'])} dermoscopic images with outlines drawn or approved by people, skin type unknown. "
                "Not tested on smartphone photographs; outlines there are unreliable."
            ),
            "test_counts": {"dataset": evaluate.counts(splits["test"], lambda e: e.dataset)},
        },
        "known_failures": {"worst_on_val": [{"id": splits["val"][i].name, "jaccard": round(float(on_val[i]), 4)} for i in worst]},
    }


def _write(content: dict[str, Any], out: Path, today: str) -> Path:
    """Name the folder after its weights and put the card beside them."""
    name = f"{content['task']}-{content['architecture']}-{today}-{content['sha256'][:8]}"
    (out / "model" / weights.CARD_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return (out / "model").rename(out / name)
