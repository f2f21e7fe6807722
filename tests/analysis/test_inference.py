"""The door to the networks: cheap to open, reloaded when the models change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.inference import models_digest
from analysis.presentation.progress import STAGE_WORDS


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "lesion-unet-20260101-00000000"
    folder.mkdir()
    (tmp_path / "active.json").write_text('{"lesion": "lesion-unet-20260101-00000000"}')
    (folder / "card.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_the_digest_is_stable_while_nothing_changes(models: Path) -> None:
    assert models_digest(models) == models_digest(models)


@pytest.mark.parametrize(
    "name", ["active.json", "lesion-unet-20260101-00000000/card.json", "lesion-unet-20260101-00000000/model.safetensors"]
)
def test_the_digest_follows_every_file_of_the_models(models: Path, name: str) -> None:
    before = models_digest(models)
    (models / name).write_bytes(b"other content")
    assert models_digest(models) != before


def test_a_touched_file_counts_as_changed(models: Path) -> None:
    before = models_digest(models)
    os.utime(models / "active.json", ns=(1, 1))
    assert models_digest(models) != before


def test_the_web_process_never_loads_torch() -> None:
    modules = "skinclinic.wsgi, skinclinic.urls, analysis.inference, analysis.tasks"
    code = f"import django, sys; django.setup(); import {modules}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_stage_of_the_pipeline_has_words_for_the_page() -> None:
    from analysis.vision import pipeline  # loads torch

    assert tuple(STAGE_WORDS) == pipeline.STAGES
