"""A recipe: every number of a training run, read from a small TOML file that gives a reason for each."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from analysis.vision.training import schedules
from analysis.vision.weights import OUTPUTS

RECIPES_DIR = Path(__file__).parent / "recipes"
NOT_LEARNT_FROM = ("name", "sha256", "phases", "target_sensitivity")
NOTHING_LEARNT = {
    **dict.fromkeys(("seed", "samples_per_epoch", "warmup_steps"), 0),
    **dict.fromkeys(("learning_rate", "weight_decay", "ema_decay", "sampling_power", "label_smoothing"), 0.0),
    **dict.fromkeys(("shift", "colour_strength", "optics"), 0.0),
    "batch_size": 1,
    "scale": (1.0, 1.0),
    "max_train_per_dataset": {},
}
"""What a recipe that only joins networks need not say."""
INITIAL_DIR = Path(__file__).parents[3] / "models" / "initial"
"""Weights that come with the project and are only trained on; see the README beside them."""


@dataclass(frozen=True)
class Phase:
    """Some epochs at one input size. One with a learning rate of its own starts a new cycle: the rate rises and falls anew.

    So a finished run is trained further by a phase added to its recipe. A `scale` of its own stands in for the recipe's.
    """

    size_px: int
    epochs: int
    learning_rate: float | None = None
    scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Recipe:
    """See recipes/*.toml, where each field has its reason."""

    name: str
    task: Literal["classification", "lesion", "structures"]
    architecture: str
    seed: int
    phases: tuple[Phase, ...]
    samples_per_epoch: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    ema_decay: float
    sampling_power: float
    label_smoothing: float
    scale: tuple[float, float]
    shift: float
    colour_strength: float
    optics: float
    max_train_per_dataset: dict[str, int]
    target_sensitivity: float
    sha256: str
    mixup: float = 0.0
    cutmix: float = 0.0
    class_weight_power: float = 0.0
    logit_adjustment: float = 0.0
    modality_weight: float = 0.0
    modality_only: bool = False
    initial_weights: str | None = None
    starts_from: tuple[str, ...] = ()
    """Recipes whose networks are trained first: one to train on, or several to join side by side."""

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be meant: it would be ignored, or fail hours later."""
        if (self.epochs == 0) != (len(self.starts_from) > 1):
            raise ValueError(f"{self.name}: a recipe either learns for some epochs or joins several networks")
        if self.initial_weights and self.starts_from:
            raise ValueError(f"{self.name}: initial_weights and starts_from are two ways to say where training starts")
        if self.cutmix and self.task != "classification":
            raise ValueError(f"{self.name}: CutMix blends the answers to whole images, not masks")

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what is learnt but the phases, which may be added to.

        What is at its default is left out, so that runs of today can be continued when recipes have more to say; so a default that
        exists must not be changed.
        """
        defaults = {field.name: field.default for field in fields(self)}
        learnt_from = {name: value for name, value in asdict(self).items() if name not in NOT_LEARNT_FROM and value != defaults[name]}
        return hashlib.sha256(json.dumps(learnt_from, sort_keys=True).encode()).hexdigest()

    @property
    def plan(self) -> list[list[float]]:
        """Input size, base learning rate and, where the phase has its own, scale of each epoch."""
        rates = [rate for rate, epochs in self._cycles() for _ in range(epochs)]
        return [[phase.size_px, rate, *(phase.scale or ())] for phase, rate in zip(self._phase_of_epoch, rates, strict=True)]

    @property
    def outputs(self) -> tuple[str, ...]:
        return OUTPUTS[self.task]

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    @property
    def input_px(self) -> int:
        """The size of the last phase: what the finished network expects."""
        return self.phases[-1].size_px

    @property
    def steps_per_epoch(self) -> int:
        return self.samples_per_epoch // self.batch_size

    def learning_rate_at(self, step: int) -> float:
        """Of step 0, 1, … of the whole run: cosine with warm restarts (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
        for rate, epochs in self._cycles():
            steps = epochs * self.steps_per_epoch
            if step < steps:
                return rate * schedules.warm_cosine(step, steps, self.warmup_steps)
            step -= steps
        raise ValueError("this step lies beyond the end of the run")

    def _cycles(self) -> list[tuple[float, int]]:
        """Base learning rate and epochs of each cycle."""
        cycles: list[tuple[float, int]] = []
        for phase in self.phases:
            if phase.learning_rate is None and cycles:
                rate, epochs = cycles.pop()
                cycles.append((rate, epochs + phase.epochs))
            else:
                cycles.append((phase.learning_rate or self.learning_rate, phase.epochs))
        return cycles

    def initial(self, data_dir: Path) -> Path | None:
        """The file of `initial_weights`: in the data folder, or in models/initial. None for random weights."""
        if not self.initial_weights:
            return None
        delivered = data_dir / self.initial_weights
        return delivered if delivered.exists() else INITIAL_DIR / self.initial_weights

    def size_px(self, epoch: int) -> int:
        """Input size of epoch 0, 1, …"""
        return self._phase_of_epoch[epoch].size_px

    def scale_at(self, epoch: int) -> tuple[float, float]:
        """Share of the source's side that fills the input, least and most, in epoch 0, 1, …"""
        return self._phase_of_epoch[epoch].scale or self.scale

    @property
    def _phase_of_epoch(self) -> list[Phase]:
        return [phase for phase in self.phases for _ in range(phase.epochs)]


def read(name_or_path: str) -> Recipe:
    """The recipe in a TOML file, or the one of that name in recipes/."""
    path = Path(name_or_path)
    path = path if path.suffix == ".toml" else RECIPES_DIR / f"{name_or_path}.toml"
    text = path.read_bytes()
    stated = tomllib.loads(text.decode())
    return restore({**stated, "name": path.stem, "sha256": hashlib.sha256(text).hexdigest()})


def restore(stated: dict[str, Any]) -> Recipe:
    """The recipe in the fields of a TOML file or of a model card."""
    if len(stated.get("starts_from", ())) > 1:
        stated = {**NOTHING_LEARNT, **stated}
    phases = tuple(Phase(**{**phase, "scale": _pair(phase.get("scale"))}) for phase in stated["phases"])
    return Recipe(**{**stated, "phases": phases, "scale": tuple(stated["scale"]), "starts_from": tuple(stated.get("starts_from", ()))})


def _pair(stated: list[float] | None) -> tuple[float, float] | None:
    return (stated[0], stated[1]) if stated else None
