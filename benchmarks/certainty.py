"""Are answers that waver oftener wrong than those that hold (SPEC A11)?

The classifier asks again as at work (`certainty.ask_again`: each network alone, mirrored, enlarged) about every image of a split. An alert
is wrong when it is given to a benign lesion or not to a malignant one; a name when the most probable diagnosis is not the true one.
Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.vision import certainty, classify, weights
from analysis.vision.training import data, evaluate
from analysis.vision.types import MALIGNANT_CLASSES, Certainty, Classification

DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MODELS = Path(__file__).resolve().parents[1] / "models"
Flags = NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="val")
    parser.add_argument("--images", type=int, default=0, help="at most as many, evenly drawn; 0 for all")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    examples = [example for example in data.select(data.read_labels(DATA), options.split) if example.label]
    examples = examples[:: max(1, len(examples) // options.images)] if options.images else examples
    answers = _answers(examples)
    groups = [example.group_id for example in examples]
    malignant = np.array([example.label in MALIGNANT_CLASSES for example in examples])
    wrong_alert = np.array([given.is_suspicious for given, _ in answers]) != malignant
    wrong_name = np.array([given.scores[0].label for given, _ in answers]) != np.array([example.label for example in examples])
    holds = np.array([asked.is_steady for _, asked in answers])
    same_name = np.array([asked.same_diagnosis == 1 for _, asked in answers])
    figures = {
        "split": options.split,
        "n": len(examples),
        "alert": _compared(holds, wrong_alert, groups),
        "missed_malignant": _compared(
            holds[malignant], wrong_alert[malignant], [g for g, is_one in zip(groups, malignant, strict=True) if is_one]
        ),
        "diagnosis": _compared(same_name, wrong_name, groups),
    }
    for name in ("alert", "missed_malignant", "diagnosis"):
        print(f"{name:18} {figures[name]}")
    print(json.dumps(figures))


def _answers(examples: list[data.Example]) -> list[tuple[Classification, Certainty]]:
    model, shards = weights.load_bundle(MODELS).classifier, data.Shards(DATA)
    found = []
    for example in examples:
        x = classify.prepare(shards.image(example), model.card)
        maps = model.maps(x)
        given, _ = classify.classify(maps, model)
        found.append((given, certainty.ask_again(x, maps, model, given)))
    return found


def _compared(holds: Flags, wrong: Flags, groups: list[str]) -> dict[str, object]:
    """How many waver, and the share of wrong answers among those that hold and those that waver, with 95 % intervals."""
    shares = {
        name: _share(wrong[rows], [groups[index] for index in np.flatnonzero(rows)]) for name, rows in (("hold", holds), ("waver", ~holds))
    }
    return {
        "n": len(holds),
        "waver": int((~holds).sum()),
        "wrong_where_they_hold": shares["hold"],
        "wrong_where_they_waver": shares["waver"],
    }


def _share(wrong: Flags, groups: list[str]) -> dict[str, float | None]:
    return evaluate.interval(lambda index: float(wrong[index].mean()) if len(index) else None, groups)


if __name__ == "__main__":
    main()
