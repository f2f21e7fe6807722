"""Do the models do what their cards say? Runs `predict` over every test image and computes the figures from its files alone.

Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one line where it is absent.
Independent of `analysis.vision.training.evaluate`: reads predictions.csv and the PNG masks as any user could. Last line JSON.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
TOLERANCE = 0.002
"""Figures are printed to four decimals; a different processor rounds the networks a little differently."""


def main() -> int:
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return 0
    active = json.loads((ROOT / "models" / "active.json").read_text())
    cards = {task: json.loads((ROOT / "models" / name / "card.json").read_text()) for task, name in active.items()}
    with tempfile.TemporaryDirectory() as folder:
        figures = {**_classification(Path(folder)), **_lesion(Path(folder))}
    expected = {**_expected(cards["classification"], ("macro_auc", "malignant_auc", "melanoma_auc")), **_expected_lesion(cards["lesion"])}
    for name, value in figures.items():
        print(f"{name:32} measured {value:.4f}   card {expected[name]:.4f}")
    agrees = all(abs(figures[name] - expected[name]) <= TOLERANCE for name in figures)
    print(json.dumps({**{name: round(value, 4) for name, value in figures.items()}, "agrees_with_card": agrees}))
    return 0 if agrees else 1


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == "test"]


def _predict(files: list[Path], out: Path) -> list[dict[str, str]]:
    (out.parent / "list.txt").write_text("\n".join(map(str, files)))
    arguments = ["predict", "--list", str(out.parent / "list.txt"), "--out", str(out)]
    subprocess.run([sys.executable, "-m", "analysis.vision", *arguments], check=True, cwd=ROOT)
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _unpack(rows: list[dict[str, str]], column: str, folder: Path) -> list[Path]:
    """Each row's file as a file of its own; numbered so that every stem is unique."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, row in enumerate(rows):
        path = folder / f"{number:05}{Path(row[column]).suffix}"
        with zipfile.ZipFile(DATA / row["shard"]) as shard:
            path.write_bytes(shard.read(row[column]))
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
        **_jaccards("ham10000_mean_jaccard", [row for row in rows if row["lesion_mask"]], "lesion_mask", rows, folder / "classified"),
    }


def _lesion(folder: Path) -> dict[str, float]:
    rows = _rows("structures.csv")
    _predict(_unpack(rows, "image", folder / "task1"), folder / "outlined")
    return _jaccards("isic2018_task1_mean_jaccard", rows, "lesion", rows, folder / "outlined")


def _jaccards(name: str, rows: list[dict[str, str]], column: str, order: list[dict[str, str]], out: Path) -> dict[str, float]:
    """Mean Jaccard between the written masks and the reference masks of `rows`."""
    values = []
    for number, row in enumerate(order):
        if row in rows:
            shard = "ham10000-masks-00.zip" if column == "lesion_mask" else row["shard"]
            found = _mask(out / "masks" / f"{number:05}" / "lesion.png")
            with zipfile.ZipFile(DATA / shard) as masks, masks.open(row[column]) as file:
                truth = np.asarray(Image.open(file)) > 0
            values.append(float((found & truth).sum() / (found | truth).sum()))
    return {name: float(np.mean(values))}


def _mask(path: Path) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(Image.open(path)) > 127)


def _expected(card: dict[str, dict[str, dict[str, dict[str, float]]]], names: tuple[str, ...]) -> dict[str, float]:
    return {name: card["metrics"]["test"][name]["value"] for name in names}


def _expected_lesion(card: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]) -> dict[str, float]:
    test = card["metrics"]["test"]
    return {f"{dataset}_mean_jaccard": test[dataset]["mean_jaccard"]["value"] for dataset in ("ham10000", "isic2018_task1")}


if __name__ == "__main__":
    sys.exit(main())
