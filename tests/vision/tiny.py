"""A model folder small enough for a unit test: real architectures, weights from a fixed seed, complete cards."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.vision import familiarity, networks, second_opinion, weights
from analysis.vision.types import CLASSES, STRUCTURES


def card(task: str, **changes: Any) -> dict[str, Any]:
    outputs = list(weights.OUTPUTS[task])
    classes = list(CLASSES) if task == "classification" else outputs
    return {
        "task": task,
        "architecture": {"classification": "mobilenet_v2", "lesion": "unet", "structures": "mobilenet_v2_unet"}[task],
        "classes": classes,
        "outputs": outputs,
        "structures": {name: {"threshold": 0.5, "presence": [1.0, 0.0], "is_validated": True} for name in STRUCTURES},
        "preprocessing": {"input_px": 64},
        "threshold": {"value": 0.5},
        "calibration": {"temperature": 1.0, "class_bias": [0.0] * len(classes)},
        "validated_scope": {"summary": "Nothing: random weights for tests."},
        **changes,
    }


def write_model(models_dir: Path, task: str, **changes: Any) -> Path:
    """One model folder with random but fixed weights; `changes` overrides fields of its card."""
    content = card(task, **changes)
    torch.manual_seed(7)
    network = networks.build(content["architecture"], len(content["outputs"]))
    folder = models_dir / f"{task}-tiny"
    digest = weights.save_weights(network.state_dict(), folder / weights.WEIGHTS_FILE)
    content = {"sha256": digest, **content}
    if task == "classification":
        reference().save(folder / familiarity.FILE)
        content = {"familiarity": {"sha256": weights.sha256(folder / familiarity.FILE)}, **content}
    (folder / weights.CARD_FILE).write_text(json.dumps(content))
    return folder


def reference(features: int = 1280) -> familiarity.Reference:
    """Knows one class at the origin: 0.5 at squared distance 100 of the features, whatever their direction."""
    none = np.zeros((1, features), np.float32)
    return familiarity.Reference(none[0], none, np.zeros((1, 1)), np.zeros((1, 1)), np.ones(()), np.zeros(1), np.array([100.0, 50.0]))


FEATURES = len(second_opinion.FEATURES)
REGRESSION = second_opinion.Regression(second_opinion.FEATURES, (0.0,) * FEATURES, (1.0,) * FEATURES, 1, (0.5,) * FEATURES, -1.0, 0.5)


def write_opinion(models_dir: Path) -> Path:
    """A folder for the task `abcd`."""
    scope = {"summary": "Nothing: made up for tests."}
    content = {"task": "abcd", "sha256": REGRESSION.sha256, "model": asdict(REGRESSION), "validated_scope": scope}
    folder = models_dir / "abcd-tiny"
    folder.mkdir()
    (folder / weights.CARD_FILE).write_text(json.dumps(content))
    return folder


def write_models(models_dir: Path) -> Path:
    """A models folder with one model for every task, all active."""
    active = {task: write_model(models_dir, task).name for task in weights.OUTPUTS} | {"abcd": write_opinion(models_dir).name}
    (models_dir / weights.ACTIVE_FILE).write_text(json.dumps(active))
    return models_dir
