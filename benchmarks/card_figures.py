"""Do the models do what their cards say? Runs `predict` over every test image and computes the figures from its files alone.

Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one line where it is absent.
Independent of `analysis.vision.training.evaluate`: reads predictions.csv and the PNG masks as any user could. Last line JSON.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
STRUCTURE_BITS = {"globules": 1, "streaks": 2, "pigment_network": 4, "milia_like_cyst": 8, "negative_network": 16}
TOLERANCE = 0.002
"""Figures are printed to four decimals; a different processor rounds the networks a little differently."""


def main() -> int:
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return 0
    active = json.loads((ROOT / "models" / "active.json").read_text())
    cards = {task: json.loads((ROOT / "models" / name / "card.json").read_text()) for task, name in active.items()}
    with tempfile.TemporaryDirectory() as folder:
        figures = {**_classification(Path(folder)), **_masks(Path(folder))}
    expected = {
        **_expected(cards["classification"], ("macro_auc", "malignant_auc", "melanoma_auc", "balanced_accuracy")),
        **_expected_lesion(cards["lesion"]),
        "structures_micro_jaccard": cards["structures"]["metrics"]["test"]["micro_jaccard"]["value"],
    }
    for name, value in figures.items():
        print(f"{name:32} measured {value:.4f}   card {expected[name]:.4f}")
    agrees = all(abs(figures[name] - expected[name]) <= TOLERANCE for name in figures)
    print(json.dumps({**{name: round(value, 4) for name, value in figures.items()}, "agrees_with_card": agrees}))
    return 0 if agrees else 1


def _rows(name: str) -> list[dict[str, str]]:
    """The test rows of a table, less those whose lesion or patient also lies in train or val of what its models learn from."""
    labels, rows = _table("labels.csv"), _table(name)
    group_of = {row["isic_id"]: row["group_id"] for row in labels if row["isic_id"]}
    learnt_from = [row for row in labels if name == "labels.csv" or row["lesion_mask"]]  # masks: HAM10000 and Task 1 alone
    known = {row["group_id"] for row in learnt_from if row["split"] != "test"}
    return [row for row in rows if row["split"] == "test" and row.get("group_id", group_of.get(row["isic_id"], "")) not in known]


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


def _predict(files: list[Path], out: Path) -> list[dict[str, str]]:
    (out.parent / "list.txt").write_text("\n".join(map(str, files)))
    arguments = ["predict", "--list", str(out.parent / "list.txt"), "--out", str(out)]
    subprocess.run([sys.executable, "-m", "analysis.vision", *arguments], check=True, cwd=ROOT)
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def _shard(name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(DATA / name)


def _unpack(rows: list[dict[str, str]], column: str, folder: Path) -> list[Path]:
    """Each row's file as a file of its own; numbered so that every stem is unique."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, row in enumerate(rows):
        path = folder / f"{number:05}{Path(row[column]).suffix}"
        path.write_bytes(_shard(row["shard"]).read(row[column]))
        paths.append(path)
    return paths


def _classification(folder: Path) -> dict[str, float]:
    rows = _rows("labels.csv")
    predicted = _predict(_unpack(rows, "path", folder / "images"), folder / "classified")
    labels = np.array([CLASSES.index(row["label8"]) for row in rows])
    p = np.array([[float(row[f"p_{name}"]) for name in CLASSES] for row in predicted])
    malignant = np.isin(labels, [CLASSES.index(name) for name in ("MEL", "BCC", "SCC", "AK")])
    mass = np.array([float(row["p_malignant"]) for row in predicted])
    return {
        "macro_auc": float(np.mean([roc_auc_score(labels == k, p[:, k]) for k in range(len(CLASSES))])),
        "malignant_auc": float(roc_auc_score(malignant, mass)),
        "melanoma_auc": float(roc_auc_score(labels == CLASSES.index("MEL"), p[:, CLASSES.index("MEL")])),
        "balanced_accuracy": float(balanced_accuracy_score(labels, p.argmax(axis=1))),
        **_jaccards("ham10000_mean_jaccard", rows, "lesion_mask", folder / "classified"),
    }


def _masks(folder: Path) -> dict[str, float]:
    rows, out = _rows("structures.csv"), folder / "outlined"
    _predict(_unpack(rows, "image", folder / "task1"), out)
    return {**_jaccards("isic2018_task1_mean_jaccard", rows, "lesion", out), "structures_micro_jaccard": _micro_jaccard(rows, out)}


def _micro_jaccard(rows: list[dict[str, str]], out: Path) -> float:
    """ISIC 2018 Task 2: intersections and unions as shares of the image, summed over all images and structures."""
    intersection = union = 0.0
    for number, row in enumerate(rows):
        truth = np.asarray(Image.open(io.BytesIO(_shard(row["shard"]).read(row["structures"]))))
        for name, bit in STRUCTURE_BITS.items():
            found, known = _mask((out / "masks" / f"{number:05}" / f"{name}.png").read_bytes()), truth & bit > 0
            intersection, union = intersection + float((found & known).mean()), union + float((found | known).mean())
    return intersection / union


def _jaccards(name: str, rows: list[dict[str, str]], column: str, out: Path) -> dict[str, float]:
    """Mean Jaccard between the written masks and the reference masks, over the rows that have one."""
    values = []
    for number, row in enumerate(rows):
        if row[column]:
            found = _mask((out / "masks" / f"{number:05}" / "lesion.png").read_bytes())
            truth = _mask(_shard("ham10000-masks-00.zip" if column == "lesion_mask" else row["shard"]).read(row[column]))
            values.append(float((found & truth).sum() / (found | truth).sum()))
    return {name: float(np.mean(values))}


def _mask(png: bytes) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(Image.open(io.BytesIO(png)).convert("L")) > 127)


def _expected(card: dict[str, dict[str, dict[str, dict[str, float]]]], names: tuple[str, ...]) -> dict[str, float]:
    return {name: card["metrics"]["test"][name]["value"] for name in names}


def _expected_lesion(card: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]) -> dict[str, float]:
    test = card["metrics"]["test"]
    return {f"{dataset}_mean_jaccard": test[dataset]["mean_jaccard"]["value"] for dataset in ("ham10000", "isic2018_task1")}


if __name__ == "__main__":
    sys.exit(main())
