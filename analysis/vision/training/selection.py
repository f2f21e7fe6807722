"""Which examples a recipe trains on, is chosen by and is reported on."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from analysis.vision.training import data
from analysis.vision.training.data import Example
from analysis.vision.training.recipe import Recipe

HAM_VAL_LIMIT = 150
"""Masks of HAM10000 used while choosing a lesion model: as many as Task 1 has in val, so that both weigh the same."""


def examples(recipe: Recipe, data_dir: Path, split: str) -> list[Example]:
    """The labelled (classification), masked (lesion) or annotated (structures) images of a split, thinned as the recipe says."""
    if recipe.task == "classification":
        return data.select(data.read_labels(data_dir), split)
    if recipe.task == "structures":
        return data.select(data.read_task1(data_dir), split)
    masked = [example for example in data.read_labels(data_dir) if example.mask] + data.read_task1(data_dir)
    chosen = data.select(masked, split)
    if split == "train":
        return thin(chosen, recipe.max_train_per_dataset, recipe.seed)
    return thin(chosen, {"ham10000": HAM_VAL_LIMIT}, recipe.seed) if split == "val" else chosen


def thin(chosen: list[Example], limits: dict[str, int], seed: int) -> list[Example]:
    """At most `limits[dataset]` examples of each dataset, drawn with a fixed seed, in their old order."""
    by_dataset: dict[str, list[Example]] = defaultdict(list)
    for example in chosen:
        by_dataset[example.dataset].append(example)
    kept: list[Example] = []
    for dataset, members in by_dataset.items():
        order = np.random.default_rng(seed).permutation(len(members))[: limits.get(dataset, len(members))]
        kept += [members[index] for index in sorted(order)]
    return kept
