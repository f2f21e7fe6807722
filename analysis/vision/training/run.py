"""From a recipe to a model folder: train, calibrate on val, report on test once, write the card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from analysis.vision import classify, metrics, networks, weights
from analysis.vision.networks import joined
from analysis.vision.training import calibration, cards, checkpoint, data, evaluate, familiarity, loop, selection
from analysis.vision.training import recipe as recipes
from analysis.vision.training.data import Example
from analysis.vision.training.recipe import Recipe
from analysis.vision.types import CLASSES, STRUCTURES
from analysis.vision.weights import Card, Model

Log = Callable[[str], None]
START_FILE = "started_from.json"
LOGIT_LIMITS = (-1.4, -0.85, -0.4, 0.0, 0.4)
"""Probabilities of 0.2, 0.3, 0.4, 0.5 and 0.6: how strongly a network marks rises and falls while it learns."""


def train(recipe: Recipe, data_dir: Path, out: Path, today: str, log: Log) -> Path:
    """Train by `recipe` (resuming what is in `out`), and write the finished model folder below `out`.

    `today` (yyyymmdd) becomes part of its name. Raises FileNotFoundError when the data is not there.
    """
    model = _draft(recipe, learnt(recipe, data_dir, out, log), out)
    splits = {split: selection.examples(recipe, data_dir, split) for split in ("train", "val", "test")}
    log("calibrating on val, reporting on test")
    started_from = json.loads((out / START_FILE).read_text(encoding="utf-8"))
    content = cards.card(cards.Material(recipe, model, splits, data_dir, out / "model", started_from))
    return _write(content, out, today)


def learnt(recipe: Recipe, data_dir: Path, out: Path, log: Log) -> loop.State:
    """The best weights by `recipe`, trained in `out` unless they lie there finished; what it starts from is trained beside it.

    Raises TrainingError when `out` holds a run of another recipe.
    """
    if checkpoint.is_finished(recipe, out):
        return loop.best(out)
    initial = {} if checkpoint.exists(out) else _initial(recipe, data_dir, out, log)
    log(f"recipe {recipe.name}")
    if not recipe.epochs:
        save_file(initial, out / loop.BEST_FILE)
        return initial
    train_set, val = (selection.examples(recipe, data_dir, split) for split in ("train", "val"))
    cache = out.parent / "cache"
    score = Validation(recipe, val, data_dir, cache).score
    return loop.train(recipe, training_set(recipe, train_set, data_dir, cache), score, initial, out, log)


def _initial(recipe: Recipe, data_dir: Path, out: Path, log: Log) -> loop.State:
    """What training starts from; its digests, and the recipes before this one, are noted in `START_FILE` for the card."""
    before, note = [], {}
    for name in recipe.starts_from:
        earlier = recipes.read(name)
        before.append(learnt(earlier, data_dir, out.parent / name, log))
        note[name] = {"weights_sha256": data.sha256(out.parent / name / loop.BEST_FILE), "recipe": asdict(earlier)}
    if start := recipe.initial(data_dir):
        before, note = [load_file(start)], {start.name: {"weights_sha256": data.sha256(start)}}
    out.mkdir(parents=True, exist_ok=True)
    (out / START_FILE).write_text(json.dumps(note, indent=1), encoding="utf-8")
    if len(before) > 1:
        return joined.join(before)
    return before[0] if before else {}


def evaluate_folder(folder: Path, data_dir: Path, split: str) -> dict[str, Any]:
    """The figures on a card, computed anew from the weights in `folder`."""
    model = weights.load_model(folder)
    examples = selection.examples(recipes.restore(model.card.content["recipe"]), data_dir, split)
    if model.card.task == "classification":
        return _classifier_figures(model, examples, data_dir, split)
    if model.card.task == "structures":
        marks = evaluate.marks(model, examples, data_dir, np.array([[rule.threshold for rule in model.card.structures]]))
        return evaluate.structure_figures(marks, examples, model.card.structures)
    val = selection.examples(recipes.restore(model.card.content["recipe"]), data_dir, "val")
    return {
        **evaluate.lesion_figures(evaluate.jaccards(model, examples, data_dir), examples),
        "robustness_on_val": evaluate.robustness(model, val, data_dir),
    }


def _classifier_figures(model: Model, examples: list[Example], data_dir: Path, split: str) -> dict[str, Any]:
    """Of the split, then at the card's operating points, then of strangers against val."""
    found, reference = evaluate.seen(model, examples, data_dir), weights.reference_of(model)
    p, points = classify.calibrate(found.scores, model.card.temperature, model.card.class_bias), model.card.content["operating_points"]
    val = selection.examples(recipes.restore(model.card.content["recipe"]), data_dir, "val")
    on_val = found if split == "val" else evaluate.seen(model, val, data_dir)
    return {
        **evaluate.classification_figures(found, model.card, reference, examples),
        "operating_points": [
            {key: point[key] for key in ("sensitivity_on_val", "threshold")}
            | {split: evaluate.operating_figures(p, examples, point["threshold"])}
            for point in points
        ],
        "familiarity": familiarity.figures(model, reference, val, on_val.features, data_dir),
    }


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
    """Scores a network on val while it trains: macro AUC of calibrated answers, or mean Jaccard before hole filling."""

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
            return calibrated_auc(np.array(outputs, dtype=np.float64)[:, :-1], self._set.classes[:, :-1].argmax(axis=1))
        return self._overlap(outputs)

    def _overlap(self, outputs: list[NDArray[np.float32]]) -> float:
        """Mean Jaccard of the lesion at a threshold of 0.5, or micro-Jaccard of the structures at the best one, at the cache's size."""
        bits = np.array(self._set.bits, dtype=np.uint8)[:, None, None]
        maps = [[cv2.resize(channel, (data.CACHE_PX, data.CACHE_PX)) for channel in output] for output in outputs]
        truth = [pixels[..., 3] & bits > 0 for pixels in self._set.pixels]
        if self._recipe.task == "lesion":
            return float(np.mean([metrics.jaccard(m[0] > 0, t[0]) for m, t in zip(maps, truth, strict=True)]))
        pairs = list(zip(chain.from_iterable(maps), chain.from_iterable(truth), strict=True))
        return max(metrics.micro_jaccard([metrics.overlap(m > limit, t) for m, t in pairs]) or 0.0 for limit in LOGIT_LIMITS)


def calibrated_auc(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Macro AUC of N×8 logits after temperature and class biases are fitted to them.

    Without that fit, a network that learnt with another prior (class weights, logit adjustment) is judged by its prior.
    """
    fitted = calibration.fit(logits, labels)
    return metrics.macro_auc(labels, classify.calibrate(logits, fitted.temperature, fitted.class_bias)) or 0.0


def _draft(recipe: Recipe, best: loop.State, out: Path) -> Model:
    """The trained network as it will be loaded (rounded to half precision), not calibrated yet."""
    path = out / "model" / weights.WEIGHTS_FILE
    digest = weights.save_weights(best, path)
    classes = CLASSES if recipe.task == "classification" else recipe.outputs
    neutral = (0.0,) * len(classes)
    card = Card("draft", recipe.task, recipe.architecture, classes, recipe.input_px, 0.5, 1.0, neutral, digest, recipe.outputs, {})
    return weights.assemble(card, load_file(path))


def _write(content: dict[str, Any], out: Path, today: str) -> Path:
    """Name the folder after its weights and put the card beside them."""
    name = f"{content['task']}-{content['architecture']}-{today}-{content['sha256'][:8]}"
    (out / "model" / weights.CARD_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return (out / "model").rename(out / name)
