"""The training loop. Reads top to bottom: data, network, optimiser, epochs, checkpoint.

The same on CPU and GPU. A run that was interrupted goes on after its last finished epoch: randomness is derived from
(seed, epoch), so a resumed run draws what the uninterrupted one would have drawn. Checkpoints are safetensors.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from analysis.vision import networks
from analysis.vision.training import augment, losses, schedules
from analysis.vision.training.recipe import Recipe
from analysis.vision.types import CLASSES

State = dict[str, Tensor]
Score = Callable[[nn.Module], float]
"""Quality of a network on val, higher is better."""


@dataclass(frozen=True)
class TrainingSet:
    """Pixels N×256×256×(3|4) uint8 and, for classification, a class index per image."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None


def train(recipe: Recipe, data: TrainingSet, score: Score, initial: State, out: Path, log: Callable[[str], None]) -> State:
    """Train by the recipe, keep every epoch's checkpoint and curve in `out`, return the best averaged weights on val."""
    where = networks.device()
    network, averaged = (networks.placed(_new_network(recipe, initial), where) for _ in range(2))
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    checkpoint = Checkpoint(out / "checkpoint.safetensors")
    done, best = checkpoint.restore(network, averaged, optimiser)
    for epoch in range(done, recipe.epochs):
        loss = _train_epoch(recipe, epoch, data, network, averaged, optimiser, where)
        quality = score(averaged.eval())
        best = max(best, quality)
        if quality == best:
            save_file(_on_cpu(averaged.state_dict()), out / "best.safetensors")
        checkpoint.store(network, averaged, optimiser, epoch + 1, best)
        _append_curve(out / "curves.csv", epoch=epoch + 1, size_px=recipe.size_px(epoch), loss=loss, val=quality)
        log(f"epoch {epoch + 1}/{recipe.epochs} at {recipe.size_px(epoch)} px: loss {loss:.4f}, val {quality:.4f}")
    return load_file(out / "best.safetensors")


def _new_network(recipe: Recipe, initial: State) -> nn.Module:
    """The architecture with the initial weights that fit it; the head is always new."""
    torch.manual_seed(recipe.seed)
    network = networks.build(recipe.architecture, len(CLASSES) if recipe.task == "classification" else 1)
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    fitting = {name: value.float() for name, value in initial.items() if shapes.get(name) == value.shape}
    network.load_state_dict(fitting, strict=False)
    return network


def _train_epoch(
    recipe: Recipe,
    epoch: int,
    data: TrainingSet,
    network: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    where: torch.device,
) -> float:
    """One pass of `steps_per_epoch` steps; returns the mean loss."""
    torch.manual_seed(recipe.seed + epoch)  # dropout
    network.train()
    total = 0.0
    for index, (x, target) in enumerate(_batches(recipe, epoch, data)):
        step = epoch * recipe.steps_per_epoch + index
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * schedules.warm_cosine(step, recipe.epochs * recipe.steps_per_epoch, recipe.warmup_steps)
        optimiser.zero_grad(set_to_none=True)
        with networks.half_precision(where):
            logits = network(x.to(where, memory_format=torch.channels_last))
        loss = _loss(recipe, logits.float(), target.to(where))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        _average(averaged, network, recipe.ema_decay, step)
        total += float(loss.detach())
    return total / recipe.steps_per_epoch


def _loss(recipe: Recipe, logits: Tensor, target: Tensor) -> Tensor:
    if recipe.task == "lesion":
        return losses.lesion_loss(logits, target)
    return functional.cross_entropy(logits, target, label_smoothing=recipe.label_smoothing)


def _batches(recipe: Recipe, epoch: int, data: TrainingSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Augmented batches: x N×3×s×s in [−1, 1]; target class indices or N×1×s×s masks."""
    rng = np.random.default_rng([recipe.seed, epoch])
    size = recipe.size_px(epoch)
    for chosen in _draw(recipe, data, rng).reshape(recipe.steps_per_epoch, recipe.batch_size):
        pixels = [augment.geometry(data.pixels[i], size, rng, recipe.scale, recipe.shift) for i in chosen]
        images = np.stack([augment.colour(p[..., :3], rng, recipe.colour_strength) for p in pixels])
        yield to_input(images), _target(data, chosen, pixels)


def _target(data: TrainingSet, chosen: NDArray[np.int64], pixels: list[NDArray[np.uint8]]) -> Tensor:
    if data.labels is not None:
        return torch.from_numpy(data.labels[chosen])
    return torch.from_numpy(np.stack([p[..., 3] for p in pixels])[:, None]).float() / 255


def _draw(recipe: Recipe, data: TrainingSet, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of one epoch, drawn with replacement by class weight, or a permutation where all weigh the same."""
    wanted = recipe.steps_per_epoch * recipe.batch_size
    count = len(data.pixels)
    if data.labels is None:
        rounds = -(-wanted // count)
        return np.concatenate([rng.permutation(count) for _ in range(rounds)])[:wanted]
    weights = np.bincount(data.labels, minlength=len(CLASSES)).clip(1)[data.labels] ** -recipe.sampling_power
    return rng.choice(count, wanted, p=weights / weights.sum())


def to_input(images: NDArray[np.uint8]) -> Tensor:
    """N×H×W×3 uint8 → N×3×H×W float32 in [−1, 1], channels last in memory: what every network here expects."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of weights and batch statistics; short memory at first so that noise does not linger."""
    decay = min(decay, (1 + step) / (10 + step))
    for ours, theirs in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if ours.is_floating_point():
            ours.lerp_(theirs, 1 - decay)
        else:
            ours.copy_(theirs)


def _on_cpu(state: State) -> State:
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


class Checkpoint:
    """Network, averaged network and optimiser of the last finished epoch, in one safetensors file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def store(self, network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, done: int, best: float) -> None:
        tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in averaged.state_dict().items()}
        for index, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": v for k, v in moments.items()}
        partial = self._path.with_suffix(".partial")
        save_file(_on_cpu(tensors), partial, metadata={"progress": json.dumps({"done": done, "best": best})})
        partial.rename(self._path)

    def restore(self, network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, float]:
        """Finished epochs and best score so far; (0, −inf) where there is no checkpoint."""
        if not self._path.exists():
            return 0, float("-inf")
        with safe_open(self._path, framework="pt") as file:
            progress = json.loads(file.metadata()["progress"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (safe_open is no mapping)
        network.load_state_dict(_under(tensors, "network."))
        averaged.load_state_dict(_under(tensors, "averaged."))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "optimiser.").items():
            index, key = name.split(".", 1)
            moments.setdefault(int(index), {})[key] = value
        optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})
        return progress["done"], progress["best"]


def _under(tensors: State, prefix: str) -> State:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _append_curve(path: Path, **row: float) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)
