"""The models that ship do on real images what their cards say: a sample here, all test images in benchmarks/card_figures.py."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.vision import metrics
from analysis.vision.__main__ import MODELS_DIR, main
from analysis.vision.types import STRUCTURES

DATA = Path(os.environ.get("SKINCLINIC_DATA", MODELS_DIR.parent.parent / "shared" / "data"))
SAMPLE = 120
LEVEL = 0.999
"""Of the sample's intervals: a sound model fails these tests once in a thousand trainings, not once in twenty."""

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (DATA / "labels.csv").exists(), reason=f"no development data at {DATA} (SKINCLINIC_DATA)"),
]

Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Labelled test images of all sets, every class in its proportion, drawn with a fixed seed."""
    with (DATA / "labels.csv").open(newline="") as file:
        test = [row for row in csv.DictReader(file) if row["split"] == "test" and row["label8"]]
    return [test[index] for index in np.random.default_rng(20261121).choice(len(test), SAMPLE, replace=False)]


@pytest.fixture(scope="module")
def out(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `predict` writes for the sample."""
    folder = tmp_path_factory.mktemp("sample")
    for row in rows:
        (folder / Path(row["path"]).name).write_bytes(member(row["shard"], row["path"]))
    (folder / "list.txt").write_text("\n".join(str(folder / Path(row["path"]).name) for row in rows))
    assert main(["predict", "--list", str(folder / "list.txt"), "--out", str(folder / "out")]) == 0
    return folder / "out"


def member(shard: str, path: str) -> bytes:
    with zipfile.ZipFile(DATA / shard) as archive:
        return archive.read(path)


def card(task: str) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    name = json.loads((MODELS_DIR / "active.json").read_text())[task]
    content: dict[str, dict[str, dict[str, dict[str, float]]]] = json.loads((MODELS_DIR / name / "card.json").read_text())
    return content


def test_malignancy_is_told_apart_as_well_as_the_card_says(rows: list[Row], out: Path) -> None:
    with (out / "predictions.csv").open(newline="") as file:
        p = np.array([float(row["p_malignant"]) for row in csv.DictReader(file)])
    malignant = np.array([row["label8"] in ("MEL", "BCC", "SCC", "AK") for row in rows])
    interval = metrics.bootstrap_interval(lambda i: metrics.auc(malignant[i], p[i]), [row["group_id"] for row in rows], level=LEVEL)
    assert interval is not None
    low, high = interval
    assert low <= card("classification")["metrics"]["test"]["malignant_auc"]["value"] <= high


def test_outlines_are_as_good_as_the_card_says(rows: list[Row], out: Path) -> None:
    masked = [row for row in rows if row["lesion_mask"]]
    jaccards = np.array([jaccard(row, out / "masks" / Path(row["path"]).stem / "lesion.png") for row in masked])
    interval = metrics.bootstrap_interval(lambda i: float(jaccards[i].mean()), [row["group_id"] for row in masked], level=LEVEL)
    assert interval is not None
    low, high = interval
    assert low <= card("lesion")["metrics"]["test"]["ham10000"]["mean_jaccard"]["value"] <= high  # type: ignore[index]


def test_modality_is_told_and_most_images_are_familiar(rows: list[Row], out: Path) -> None:
    with (out / "predictions.csv").open(newline="") as file:
        predicted = list(csv.DictReader(file))
    told = [(float(p["p_dermoscopic"]) > 0.5) == (row["modality"] == "dermoscopic") for p, row in zip(predicted, rows, strict=True)]
    assert np.mean(told) > 0.9
    assert np.mean([float(row["unfamiliar"]) < 0.5 for row in predicted]) > 0.85


def test_structures_are_written_for_every_image(rows: list[Row], out: Path) -> None:
    folder = out / "masks" / Path(rows[0]["path"]).stem
    assert {path.stem for path in folder.glob("*.png")} == {"lesion", "level_set", *STRUCTURES}


def jaccard(row: Row, found: Path) -> float:
    truth = np.asarray(Image.open(io.BytesIO(member("ham10000-masks-00.zip", row["lesion_mask"])))) > 0
    return metrics.jaccard(np.asarray(Image.open(found)) > 127, truth)
