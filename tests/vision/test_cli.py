"""The command line as a person without server or database uses it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from analysis.vision import imaging, pipeline
from analysis.vision.__main__ import main
from analysis.vision.types import Output
from tests.synthetic import draw_lesion
from tests.vision import tiny

COLUMNS = (
    "file,error,p_malignant,p_MEL,p_NV,p_BCC,p_AK,p_BKL,p_DF,p_VASC,p_SCC,uncertainty,abcd_A1,abcd_A2,abcd_B,abcd_C,abcd_D1_px,abcd_D2_px,"
    "p_dermoscopic,unfamiliar,structure_globules,structure_streaks,structure_pigment_network,"
    "structure_milia_like_cyst,structure_negative_network,abcd_p_malignant"
)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tiny.write_models(tmp_path / "models")


@pytest.fixture
def lesion_png(tmp_path: Path) -> Path:
    path = tmp_path / "lesion one.png"
    path.write_bytes(imaging.encode_png(draw_lesion(width=120, height=90).image))
    return path


def predict(models: Path, out: Path, *arguments: object) -> list[dict[str, str]]:
    assert main(["--models", str(models), "predict", *map(str, arguments), "--out", str(out)]) == 0
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_the_published_ones(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    predict(models, tmp_path / "out", lesion_png)
    assert (tmp_path / "out" / "predictions.csv").read_text().splitlines()[0] == COLUMNS


def test_probabilities_add_up_and_malignancy_is_their_malignant_part(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    (row,) = predict(models, tmp_path / "out", lesion_png)
    p = {name: float(row[f"p_{name}"]) for name in ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")}
    assert sum(p.values()) == pytest.approx(1, abs=1e-5)
    assert float(row["p_malignant"]) == pytest.approx(p["MEL"] + p["BCC"] + p["SCC"] + p["AK"], abs=1e-5)


def test_what_else_is_told_is_a_share_of_one(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    (row,) = predict(models, tmp_path / "out", lesion_png)
    told = {name: float(value) for name, value in row.items() if name.startswith(("structure_", "p_dermoscopic", "unfamiliar"))}
    told["abcd_p_malignant"] = float(row["abcd_p_malignant"]) if row["abcd_p_malignant"] else 0.0
    assert len(told) == 8
    assert all(0 <= value <= 1 for value in told.values())


def test_masks_have_the_size_of_the_upright_image_one_channel_0_and_255(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    predict(models, tmp_path / "out", lesion_png)
    structures = ("globules", "streaks", "pigment_network", "milia_like_cyst", "negative_network")
    for kind in ("lesion", "level_set", *structures):
        mask = cv2.imread(str(tmp_path / "out" / "masks" / "lesion one" / f"{kind}.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert mask.shape == (90, 120)
        assert set(np.unique(mask)) <= {0, 255}


def test_one_row_per_input_in_order_failures_included(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("Dear colleague")
    (tmp_path / "empty.jpg").touch()
    inputs = [tmp_path / "letter.jpg", lesion_png, tmp_path / "empty.jpg", tmp_path / "gone.jpg"]
    rows = predict(models, tmp_path / "out", *inputs)
    assert [row["file"] for row in rows] == [str(path) for path in inputs]
    assert [row["error"].split(":")[0] for row in rows] == ["not-an-image", "", "empty-file", "unreadable"]
    assert [bool(row["p_malignant"]) for row in rows] == [False, True, False, False]


def test_findings_are_written_when_asked_for(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    predict(models, tmp_path / "without", lesion_png)
    predict(models, tmp_path / "with", lesion_png, "--findings")
    assert not list((tmp_path / "without").rglob("findings.json"))
    (path,) = (tmp_path / "with").rglob("findings.json")
    document = json.loads(path.read_text())
    assert path.parent.name == "lesion one"
    assert 0 <= document["certainty"]["agreeing"] <= 1
    assert all({"kind", "name", "place", "effect"} <= finding.keys() for finding in document["evidence"])


def test_folders_and_lists_are_expanded(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder" / "deeper"
    folder.mkdir(parents=True)
    (folder / "b.png").write_bytes(lesion_png.read_bytes())
    (folder / "a.PNG").write_bytes(lesion_png.read_bytes())
    (folder / "notes.txt").write_text("not an image")
    (tmp_path / "list.txt").write_text(f"{lesion_png}\n\n")
    rows = predict(models, tmp_path / "out", tmp_path / "folder", "--list", tmp_path / "list.txt")
    assert [Path(row["file"]).name for row in rows] == ["a.PNG", "b.png", "lesion one.png"]


def test_files_are_named_as_they_were_given(models: Path, lesion_png: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    lesion_png.rename(tmp_path / "folder" / "a.png")
    given = ["./folder/a.png", "folder//a.png", "./folder"]
    rows = predict(models, tmp_path / "out", *given)
    assert [row["file"] for row in rows] == ["./folder/a.png", "folder//a.png", "./folder/a.png"]


def test_a_fault_of_the_program_costs_one_row_not_the_run(
    models: Path, lesion_png: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse, calls = pipeline.analyse, iter([True, False])

    def faulty(*arguments: Any, **options: Any) -> Output:
        if next(calls):
            raise ZeroDivisionError
        return analyse(*arguments, **options)

    monkeypatch.setattr(pipeline, "analyse", faulty)
    rows = predict(models, tmp_path / "out", lesion_png, lesion_png, "--at-once", 1)
    assert [row["error"] for row in rows] == ["unexpected: ZeroDivisionError()", ""]


def test_two_files_of_one_name_do_not_overwrite_each_other(models: Path, lesion_png: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / lesion_png.name
    other.parent.mkdir()
    other.write_bytes(lesion_png.read_bytes())
    predict(models, tmp_path / "out", lesion_png, other)
    assert {path.name for path in (tmp_path / "out" / "masks").iterdir()} == {"lesion one", "lesion one~2"}


def test_nothing_to_do_is_an_error_in_words(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--models", str(models), "predict", "--out", str(tmp_path / "out")]) == 2
    assert "no images given" in capsys.readouterr().err


def test_missing_models_are_an_error_in_words(lesion_png: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--models", str(tmp_path), "predict", str(lesion_png), "--out", str(tmp_path / "out")]) == 2
    assert "models are needed" in capsys.readouterr().err


def test_benchmark_prints_one_json_object(models: Path, lesion_png: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--models", str(models), "benchmark", str(lesion_png), "--json", "--repeats", "1"]) == 0
    medians = json.loads(capsys.readouterr().out)
    assert list(medians) == ["decode", *pipeline.STAGES, "total"]
    assert medians["total"] >= max(ms for stage, ms in medians.items() if stage != "total")
