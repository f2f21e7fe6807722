"""What the commands `predict` and `benchmark` do; `__main__` only parses and prints."""

from __future__ import annotations

import csv
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import torch

from analysis.vision import batch, imaging, pipeline, weights
from analysis.vision.errors import ImageError
from analysis.vision.types import CLASSES, STRUCTURES, Abcd, Output, SecondOpinion

PREDICTIONS_FILE = "predictions.csv"
FINDINGS_FILE = "findings.json"
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png"}
COLUMNS = (
    "file",
    "error",
    "p_malignant",
    *(f"p_{label}" for label in CLASSES),
    "uncertainty",
    "abcd_A1",
    "abcd_A2",
    "abcd_B",
    "abcd_C",
    "abcd_D1_px",
    "abcd_D2_px",
    "p_dermoscopic",
    "unfamiliar",
    *(f"structure_{name}" for name in STRUCTURES),
    "abcd_p_malignant",
)
"""Columns of predictions.csv. Others may be added after these; these are never renamed."""

Row = dict[str, Any]


def expand(paths: Iterable[str], list_file: Path | None) -> list[str]:
    """The files to analyse, spelled as given: files as they are, images below folders in order, lines of the list.

    Raises FileNotFoundError when that leaves nothing.
    """
    listed = list_file.read_text(encoding="utf-8").splitlines() if list_file else []
    files: list[str] = []
    for path in [*paths, *(line.strip() for line in listed if line.strip())]:
        files += _images_below(path) if Path(path).is_dir() else [path]
    if not files:
        raise FileNotFoundError("no images given: name files, folders with JPEG or PNG files, or --list FILE")
    return files


def _images_below(folder: str) -> list[str]:
    images = (path for path in Path(folder).rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(os.path.join(folder, path.relative_to(folder)) for path in images)


AT_ONCE = 4
"""Pictures that `predict` analyses side by side at most where nothing is said: large ones need a gigabyte each."""


def predict(files: Sequence[str], models_dir: Path, out: Path, *, findings: bool = False, at_once: int | None = None) -> int:
    """Analyse the files, write `predictions.csv` (one row per input, in order) and masks below `out`.

    `at_once` of them side by side, where nothing is said one on each core, AT_ONCE at most.

    With `findings` each image's FINDINGS_FILE lies beside its masks: certainty and evidence, which double the time.
    A file that cannot be analysed gets a row with `error`; returns how many did. Rows are flushed one by one.
    """
    bundle = weights.load_bundle(models_dir)
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with (out / PREDICTIONS_FILE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        items = zip(files, _mask_folders(files, out), strict=True)
        side_by_side = at_once or min(AT_ONCE, torch.get_num_threads())
        rows = batch.each(lambda item: _predict_one(*item, bundle, findings=findings), items, side_by_side)
        for file, found in zip(files, rows, strict=True):
            row = {"file": file, **found}
            failed += bool(row.get("error"))
            writer.writerow(row)
            stream.flush()
    return failed


def _mask_folders(files: Sequence[str], out: Path) -> list[Path]:
    """`masks/<stem>` per file; the second file of the same stem gets `<stem>~2`, so that nothing is overwritten."""
    seen: Counter[str] = Counter()
    folders = []
    for stem in (Path(file).stem for file in files):
        seen[stem] += 1
        folders.append(out / "masks" / (f"{stem}~{seen[stem]}" if seen[stem] > 1 else stem))
    return folders


def _predict_one(file: str, mask_folder: Path, bundle: weights.Bundle, *, findings: bool) -> Row:
    try:
        output = pipeline.analyse(imaging.read(Path(file)), bundle, weighs=findings)
    except ImageError as error:
        return {"error": f"{error.code}: {error.message}"}
    except Exception as fault:  # noqa: BLE001  (one image must not end a run over thousands; its row says what happened)
        return {"error": f"unexpected: {fault!r}"}
    mask_folder.mkdir(parents=True, exist_ok=True)
    (mask_folder / "lesion.png").write_bytes(imaging.encode_png(output.lesion.mask))
    (mask_folder / "level_set.png").write_bytes(imaging.encode_png(output.level_set.mask))
    for structure in output.structures:
        (mask_folder / f"{structure.name}.png").write_bytes(imaging.encode_png(structure.mask))
    if output.certainty:
        document = {"certainty": asdict(output.certainty), "evidence": [asdict(finding) for finding in output.evidence]}
        (mask_folder / FINDINGS_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return {"error": "", **_classification_columns(output), **_abcd_columns(output.abcd, output.second_opinion)}


def _classification_columns(output: Output) -> Row:
    p = {score.label: score.probability for score in output.classification.scores}
    return {
        "p_malignant": f"{output.classification.p_malignant:.6f}",
        **{f"p_{label}": f"{p[label]:.6f}" for label in CLASSES},
        "uncertainty": f"{output.classification.uncertainty:.6f}",
        "p_dermoscopic": f"{output.classification.p_dermoscopic:.6f}",
        "unfamiliar": f"{output.familiarity.unfamiliar:.6f}",
        **{f"structure_{structure.name}": f"{structure.probability:.6f}" for structure in output.structures},
    }


def _abcd_columns(measured: Abcd, opinion: SecondOpinion | None) -> Row:
    """Raw measurements and what they speak for; undefined ones stay empty."""
    values = {
        "abcd_A1": measured.asymmetry_1,
        "abcd_A2": measured.asymmetry_2,
        "abcd_B": measured.border_irregularity,
        "abcd_C": float(len(measured.colours)) or None,
        "abcd_D1_px": measured.diameter_1_px,
        "abcd_D2_px": measured.diameter_2_px,
        "abcd_p_malignant": opinion and opinion.p_malignant,
    }
    return {name: "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".") for name, value in values.items()}


def benchmark(files: Sequence[Path], models_dir: Path, repeats: int) -> dict[str, float]:
    """Stage → median milliseconds over `repeats` runs of every image, after one run that warms the networks."""
    bundle = weights.load_bundle(models_dir)
    pipeline.analyse(imaging.read(files[0]), bundle)
    runs = [_time_one(path, bundle) for path in files for _ in range(repeats)]
    return {stage: median(run[stage] for run in runs) for stage in runs[0]}


def _time_one(path: Path, bundle: weights.Bundle) -> dict[str, float]:
    start = time.perf_counter()
    image = imaging.read(path)
    decode_ms = (time.perf_counter() - start) * 1000
    stages = pipeline.analyse(image, bundle, clock=time.perf_counter).timings_ms
    return {"decode": decode_ms, **stages, "total": (time.perf_counter() - start) * 1000}
