"""The training loop. Reads top to bottom: data, network, optimiser, epochs, checkpoint.

The same on CPU and GPU. A run that was interrupted goes on after its last finished epoch: randomness is derived from
(seed, epoch), so a resumed run draws what the uninterrupted one would have drawn. Checkpoints are safetensors.
"""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from analysis.vision import networks
from analysis.vision.training import augment, checkpoint, losses
from analysis.vision.training.recipe import Recipe

State = dict[str, Tensor]
Pixels: TypeAlias = NDArray[np.uint8]
Indices: TypeAlias = NDArray[np.int64]
Score = Callable[[nn.Module], float]
"""Quality of a network on val, higher is better."""


BEST_FILE = "best.safetensors"
CURVE_FILE = "curves.csv"
AHEAD = 4
"""Batches prepared while the network is busy with one."""


@dataclass(frozen=True)
class TrainingSet:
    """Pixels N×256×256×(3|4) uint8, how often each image is drawn relative to the others, and what is to be learnt.

    Either `classes` (N×(C+1) float: one-hot classes, then 1 for a dermoscopic picture) or the `bits` of the fourth channel, one
    per output.
    """

    pixels: Pixels
    weights: NDArray[np.float64]
    classes: NDArray[np.float32] | None = None
    bits: tuple[int, ...] = ()

    def prevalence(self) -> Tensor | None:
        """C: share of each class among the images as they are drawn; None where no classes are learnt."""
        if self.classes is None:
            return None
        drawn = self.weights @ self.classes[:, :-1] / self.weights.sum()
        return torch.from_numpy(drawn.clip(1e-6))

    def target(self, chosen: Indices, pixels: Pixels) -> Tensor:
        """Of the chosen images, whose changed pixels are N×s×s×(3|4)."""
        if self.classes is not None:
            return torch.from_numpy(self.classes[chosen])
        marks = pixels[:, None, :, :, 3] & np.array(self.bits, dtype=np.uint8)[:, None, None]
        return torch.from_numpy((marks > 0).astype(np.float32))


def train(recipe: Recipe, data: TrainingSet, score: Score, initial: State, out: Path, log: Callable[[str], None]) -> State:
    """Train by the recipe, keep every epoch's checkpoint and curve in `out`, return the best averaged weights on val.

    Epochs at another size than the finished network's are no candidates: it is judged at its own size.
    Raises TrainingError when another recipe was begun in `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    where = networks.device()
    network, averaged = (networks.placed(_new_network(recipe, initial), where) for _ in range(2))
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    done, highest = checkpoint.progress(recipe, out)
    if done:
        checkpoint.restore(out, network, averaged, optimiser)
    for epoch in range(done, recipe.epochs):
        loss = _train_epoch(recipe, epoch, data, network, averaged, optimiser, where)
        quality, size_px = score(averaged.eval()), recipe.size_px(epoch)
        if size_px == recipe.input_px and quality >= highest:
            highest = quality
            save_file(checkpoint.on_cpu(averaged.state_dict()), out / BEST_FILE)
        checkpoint.store(recipe, out, network, averaged, optimiser, epoch + 1, highest)
        _append_curve(out / CURVE_FILE, epoch=epoch + 1, size_px=size_px, loss=loss, val=quality)
        log(f"epoch {epoch + 1}/{recipe.epochs} at {size_px} px: loss {loss:.4f}, val {quality:.4f}")
    return best(out)


def best(out: Path) -> State:
    """The averaged weights of the epoch that did best on val."""
    return load_file(out / BEST_FILE)


def _new_network(recipe: Recipe, initial: State) -> nn.Module:
    """The architecture with the initial weights that fit it. A head of fewer outputs fills the first ones of the new head."""
    torch.manual_seed(recipe.seed)
    network = networks.build(recipe.architecture, len(recipe.outputs))
    own = network.state_dict()
    for name, value in initial.items():
        if name in own and value.ndim and own[name].shape[1:] == value.shape[1:] and len(own[name]) >= len(value) > 1:
            own[name][: len(value)] = value
    network.load_state_dict(own)
    if recipe.modality_only:
        network.get_submodule("features").requires_grad_(False)
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
    network.train(not recipe.modality_only)  # what stays as it is keeps its batch statistics too
    total, prevalence = 0.0, data.prevalence()
    for index, (x, target) in enumerate(_batches(recipe, epoch, data)):
        step = epoch * recipe.steps_per_epoch + index
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(step)
        optimiser.zero_grad(set_to_none=True)
        with networks.half_precision(where):
            logits = network(x.to(where, memory_format=torch.channels_last))
        loss = _loss(recipe, logits.float(), target.to(where), prevalence)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        _average(averaged, network, recipe.ema_decay, step)
        total += float(loss.detach())
    return total / recipe.steps_per_epoch


def _loss(recipe: Recipe, logits: Tensor, target: Tensor, prevalence: Tensor | None) -> Tensor:
    if recipe.task == "lesion":
        return losses.lesion_loss(logits, target)
    if recipe.task == "structures":
        return losses.overlapping_loss(logits, target)
    if recipe.modality_only:
        return functional.binary_cross_entropy_with_logits(logits[:, -1], target[:, -1])
    classes = losses.class_loss(
        logits[:, :-1],
        target[:, :-1],
        prevalence,
        smoothing=recipe.label_smoothing,
        weight_power=recipe.class_weight_power,
        adjustment=recipe.logit_adjustment,
    )
    modality = functional.binary_cross_entropy_with_logits(logits[:, -1], target[:, -1])
    return classes + recipe.modality_weight * modality


def _batches(recipe: Recipe, epoch: int, data: TrainingSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Augmented batches, prepared ahead by threads: x N×3×s×s in [−1, 1]; target N×(C+1) or N×outputs×s×s.

    Each image's changes are drawn from (seed, epoch, position), so that they do not depend on who prepares it when.
    """
    drawn = _draw(recipe, data, np.random.default_rng([recipe.seed, epoch]))

    def changed(position: int) -> Pixels:
        rng = np.random.default_rng([recipe.seed, epoch, position])
        pixels = augment.geometry(data.pixels[drawn[position]], recipe.size_px(epoch), rng, recipe.scale_at(epoch), recipe.shift)
        image = augment.optics(augment.colour(pixels[..., :3], rng, recipe.colour_strength), rng, recipe.optics)
        return np.dstack([image, pixels[..., 3:]])

    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        for positions, pixels in _ahead(pool, changed, recipe.steps_per_epoch, recipe.batch_size):
            x, target = to_input(np.ascontiguousarray(pixels[..., :3])), data.target(drawn[positions], pixels)
            rng = np.random.default_rng([recipe.seed, epoch, int(positions[0]), 1])
            yield _cut(*_mixed(x, target, recipe.mixup, rng), recipe.cutmix, rng)


def _ahead(pool: ThreadPoolExecutor, changed: Callable[[int], Pixels], steps: int, size: int) -> Iterator[tuple[Indices, Pixels]]:
    """Positions and pixels of each batch in order, `AHEAD` batches being worked on."""
    waiting: deque[tuple[Indices, list[Future[Pixels]]]] = deque()
    for start in range(0, steps * size, size):
        positions = np.arange(start, start + size)
        waiting.append((positions, [pool.submit(changed, int(position)) for position in positions]))
        if len(waiting) > AHEAD:
            yield _finished(*waiting.popleft())
    while waiting:
        yield _finished(*waiting.popleft())


def _finished(positions: Indices, images: list[Future[Pixels]]) -> tuple[Indices, Pixels]:
    return positions, np.stack([image.result() for image in images])


def _mixed(x: Tensor, target: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412): each image blended with another of the batch, its target alike. None for 0."""
    if not alpha:
        return x, target
    share, order = float(rng.beta(alpha, alpha)), torch.from_numpy(rng.permutation(len(x)))
    return x.lerp(x[order], 1 - share), target.lerp(target[order], 1 - share)


def _cut(x: Tensor, target: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """CutMix (Yun et al. 2019, arXiv:1905.04899): a rectangle of each image out of another, targets by area. None for 0."""
    if not alpha:
        return x, target
    order, sides = torch.from_numpy(rng.permutation(len(x))), np.array(x.shape[2:])
    half = sides * np.sqrt(1 - rng.beta(alpha, alpha)) / 2
    middle = rng.uniform(0, sides)
    (top, left), (bottom, right) = np.clip([middle - half, middle + half], 0, sides).astype(int).tolist()
    x[:, :, top:bottom, left:right] = x[order, :, top:bottom, left:right]
    return x, target.lerp(target[order], (bottom - top) * (right - left) / float(sides.prod()))


def _draw(recipe: Recipe, data: TrainingSet, rng: np.random.Generator) -> Indices:
    """Indices of one epoch: a permutation where all images weigh the same, else drawn with replacement by weight."""
    wanted, count = recipe.steps_per_epoch * recipe.batch_size, len(data.pixels)
    if np.ptp(data.weights) == 0:
        rounds = -(-wanted // count)
        return np.concatenate([rng.permutation(count) for _ in range(rounds)])[:wanted]
    return rng.choice(count, wanted, p=data.weights / data.weights.sum())


def to_input(images: Pixels) -> Tensor:
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


def curve(out: Path) -> list[dict[str, float]]:
    """What was kept of every finished epoch: epoch, size_px, loss, val."""
    with (out / CURVE_FILE).open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _append_curve(path: Path, **row: float) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)
