"""Model folders: `<task>-<arch>-<yyyymmdd>-<sha8>/{model.safetensors, card.json}`, checked whenever they are loaded.

Nothing here unpickles. A folder is data only; what a network is and how its input is prepared is said by the card.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from analysis.vision import familiarity as known
from analysis.vision import networks, second_opinion
from analysis.vision.errors import ModelError
from analysis.vision.networks.engine import Engine
from analysis.vision.networks.joined import SideBySide
from analysis.vision.types import CLASSES, STRUCTURES, ModelUsed

WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "card.json"
OUTPUTS: dict[str, tuple[str, ...]] = {
    "classification": (*CLASSES, "dermoscopic"),
    "lesion": ("lesion",),
    "structures": STRUCTURES,
}
"""Task → what each channel of the network's output means."""
ACTIVE_FILE = "active.json"
"""In the models folder: task → name of the folder in use."""


@dataclass(frozen=True)
class StructureRule:
    """How a structure is read from its map, chosen on val: threshold of the probability, line from score to log odds of presence."""

    threshold: float
    slope: float
    intercept: float
    is_validated: bool
    """Whether val shows that its presence is told better than by chance."""


@dataclass(frozen=True)
class Card:
    """What the program needs of a model card; `content` is the whole of it."""

    name: str
    task: str
    architecture: str
    classes: tuple[str, ...]
    input_px: int
    threshold: float
    temperature: float
    class_bias: tuple[float, ...]
    sha256: str
    outputs: tuple[str, ...]
    """What each channel of the network's output means: the classes, then what else it tells."""
    content: dict[str, Any]
    structures: tuple[StructureRule, ...] = ()
    """In the order of STRUCTURES; empty for other tasks."""

    @property
    def used(self) -> ModelUsed:
        return ModelUsed(self.task, self.name, self.sha256, self.content["validated_scope"]["summary"])


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode with its card."""

    network: nn.Module
    card: Card
    maps: Engine
    """Image in, maps out: a classifier's last feature maps, a segmenter's answer."""
    familiarity: known.Reference | None = None
    """What the images a classifier knows look like; None for other tasks."""


@dataclass(frozen=True)
class Bundle:
    """The models one analysis needs."""

    classifier: Model
    lesion: Model
    structures: Model
    second_opinion: second_opinion.Model


def read_card(folder: Path) -> Card:
    """The card of a model folder. Raises ModelError when it is missing or incomplete."""
    try:
        content = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        calibration = content["calibration"]
        return Card(
            name=folder.name,
            task=content["task"],
            architecture=content["architecture"],
            classes=tuple(content["classes"]),
            input_px=int(content["preprocessing"]["input_px"]),
            threshold=float(content["threshold"]["value"]),
            temperature=float(calibration["temperature"]),
            class_bias=tuple(float(bias) for bias in calibration["class_bias"]),
            sha256=content["sha256"],
            outputs=tuple(content["outputs"]),
            content=content,
            structures=tuple(_structure_rule(content["structures"][name]) for name in STRUCTURES)
            if content["task"] == "structures"
            else (),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("bad-card", f"The card of model {folder.name} is missing or incomplete: {error!r}.") from error


def _structure_rule(stated: dict[str, Any]) -> StructureRule:
    slope, intercept = stated["presence"]
    return StructureRule(float(stated["threshold"]), float(slope), float(intercept), bool(stated["is_validated"]))


def load_model(folder: Path) -> Model:
    """Load and check one model folder. Raises ModelError when weights and card do not belong together."""
    card = read_card(folder)
    if card.outputs != OUTPUTS.get(card.task):
        raise ModelError("class-order", f"Model {card.name} gives {card.outputs}, not {OUTPUTS.get(card.task)}.")
    if sha256(folder / WEIGHTS_FILE) != card.sha256:
        raise ModelError("digest", f"The weights of model {card.name} are not the ones its card describes.")
    try:
        model = assemble(card, load_file(folder / WEIGHTS_FILE))
    except (RuntimeError, SafetensorError) as error:
        raise ModelError("bad-weights", f"The weights of model {card.name} do not fit {card.architecture}.") from error
    return replace(model, familiarity=_load_reference(folder, card)) if card.task == "classification" else model


def _load_reference(folder: Path, card: Card) -> known.Reference:
    """What the classifier knows, checked against its card. Raises ModelError when the card does not speak of it."""
    try:
        digest = card.content["familiarity"]["sha256"]
    except (KeyError, TypeError) as error:
        raise ModelError("bad-card", f"The card of model {card.name} does not say which images it knows.") from error
    if sha256(folder / known.FILE) != digest:
        raise ModelError("digest", f"What model {card.name} knows is not what its card describes.")
    return known.load(folder / known.FILE)


def reference_of(model: Model) -> known.Reference:
    """What a classifier knows. Raises ModelError for a model that was loaded without it."""
    if model.familiarity is None:
        raise ModelError("no-familiarity", f"Model {model.card.name} does not say which images it knows.")
    return model.familiarity


def assemble(card: Card, state: dict[str, Tensor]) -> Model:
    """The card's network with these weights, frozen and ready. Raises RuntimeError when they do not fit its architecture."""
    where = networks.device()
    network = networks.build(card.architecture, len(card.outputs))
    network.load_state_dict({name: value.float() for name, value in state.items()})
    network.eval().requires_grad_(False)
    network = networks.placed(networks.folded(network), where)
    return Model(network, card, Engine(_mappings(network, card.task), card.input_px, where))


def _mappings(network: nn.Module, task: str) -> list[nn.Module]:
    """What leads from a picture to maps: of classifiers the part below the head, each member's by itself."""
    if task != "classification":
        return [network]
    features = network.get_submodule("features")
    return list(features) if isinstance(features, SideBySide) else [features]


def load_bundle(models_dir: Path) -> Bundle:
    """The active model of every task. Raises ModelError when one is missing."""
    active = read_active(models_dir)
    return Bundle(
        classifier=load_model(models_dir / active["classification"]),
        lesion=load_model(models_dir / active["lesion"]),
        structures=load_model(models_dir / active["structures"]),
        second_opinion=second_opinion.load(models_dir / active[second_opinion.TASK]),
    )


def read_active(models_dir: Path) -> dict[str, str]:
    """Task → folder name. Raises ModelError when the file is missing or a task has no model."""
    try:
        active: dict[str, str] = json.loads((models_dir / ACTIVE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("no-models", f"{models_dir / ACTIVE_FILE} cannot be read; models are needed.") from error
    if missing := {*OUTPUTS, second_opinion.TASK} - active.keys():
        raise ModelError("no-models", f"No active model for: {', '.join(sorted(missing))}.")
    return active


def sha256(path: Path) -> str:
    """Hex digest of a file. Raises ModelError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError("no-weights", f"The weights {path.parent.name}/{path.name} cannot be read.") from error


def save_weights(state: dict[str, Tensor], path: Path) -> str:
    """Write a state dict in half precision (integers as they are); returns the file's SHA-256."""
    half = {name: (value.half() if value.is_floating_point() else value).contiguous().cpu() for name, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(half, path)
    return sha256(path)
