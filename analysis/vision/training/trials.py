"""One recipe, one thing changed at a time: short runs side by side, judged on val only."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import asdict
from pathlib import Path

from analysis.vision.training import loop, run
from analysis.vision.training import recipe as recipes
from analysis.vision.training.recipe import Recipe

TABLE_FILE = "trials.csv"


def read(path: Path) -> list[Recipe]:
    """The trials of a TOML file: `base` names a recipe, `[shared]` is changed in all, `[trials.NAME]` in one.

    Every trial is run once for each of `seeds`. Raises TypeError for a field no recipe has.
    """
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    base = asdict(recipes.read(fields["base"])) | fields.get("shared", {})
    return [
        recipes.restore(base | changes | {"name": name, "seed": seed})
        for seed in fields["seeds"]
        for name, changes in fields["trials"].items()
    ]


def run_all(trials: list[Recipe], data_dir: Path, out: Path, log: run.Log) -> Path:
    """Train each in its own folder below `out`, resuming what lies there; the table of their last epochs' scores on val.

    The last epoch's and not the best one's: picking the best of many looks flatters the trial that was looked at most.
    """
    with (out / TABLE_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["trial", "seed", "images_seen", "val"])
        writer.writeheader()
        for trial in trials:
            folder = out / f"{trial.name}-{trial.seed}"
            log(f"trial {folder.name}")
            run.learnt(trial, data_dir, folder, log)
            (val,) = {row["val"] for row in loop.curve(folder) if row["epoch"] == trial.epochs}
            seen = trial.epochs * trial.steps_per_epoch * trial.batch_size
            writer.writerow({"trial": trial.name, "seed": trial.seed, "images_seen": seen, "val": val})
            file.flush()
    return out / TABLE_FILE
