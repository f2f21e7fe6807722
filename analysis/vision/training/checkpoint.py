"""Where a run stands: network, averaged network and optimiser of the last finished epoch, in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from analysis.vision.errors import TrainingError
from analysis.vision.training.recipe import Recipe

FILE = "checkpoint.safetensors"
State = dict[str, Tensor]


def exists(out: Path) -> bool:
    """Whether a run in `out` has finished an epoch."""
    return (out / FILE).exists()


def progress(recipe: Recipe, out: Path) -> tuple[int, float]:
    """Finished epochs of the run in `out` and its best score at the recipe's size; (0, −inf) where there is none.

    Raises TrainingError when it was trained by another recipe. Epochs may be added to a recipe, nothing else may be changed.
    """
    if not exists(out):
        return 0, float("-inf")
    with safe_open(out / FILE, framework="pt") as file:
        stated: dict[str, Any] = json.loads(file.metadata()["progress"])
    done = len(stated["plan"])
    if stated["recipe"] != recipe.digest or stated["plan"] != recipe.plan[:done]:
        raise TrainingError("another-recipe", f"{out} holds a run of another recipe, or of an earlier {recipe.name}: choose another --out.")
    same_size = recipe.size_px(done - 1) == recipe.input_px
    return done, stated["best"] if same_size else float("-inf")


def is_finished(recipe: Recipe, out: Path) -> bool:
    """Whether the run in `out` has done all the epochs of the recipe. Raises TrainingError when it is another's."""
    return 0 < recipe.epochs == progress(recipe, out)[0]


def store(
    recipe: Recipe, out: Path, network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, done: int, best: float
) -> None:
    """Write, then rename: a run that is killed while it writes goes on from the epoch before."""
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"averaged.{k}": v for k, v in averaged.state_dict().items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": v for k, v in moments.items()}
    stated = {"recipe": recipe.digest, "plan": recipe.plan[:done], "best": best}
    partial = (out / FILE).with_suffix(".partial")
    save_file(on_cpu(tensors), partial, metadata={"progress": json.dumps(stated)})
    partial.rename(out / FILE)


def restore(out: Path, network: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Load what `store` wrote."""
    with safe_open(out / FILE, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (safe_open is no mapping)
    network.load_state_dict(_under(tensors, "network."))
    averaged.load_state_dict(_under(tensors, "averaged."))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimiser.").items():
        index, key = name.split(".", 1)
        moments.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})


def on_cpu(state: State) -> State:
    return {name: value.detach().cpu().contiguous() for name, value in state.items()}


def _under(tensors: State, prefix: str) -> State:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
