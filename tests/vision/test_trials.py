from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analysis.vision import networks
from analysis.vision.training import loop, recipe, run, trials

FILE = """
base = "classification-mobilenet-v2"
seeds = [1, 2]
[shared]
phases = [{ size_px = 32, epochs = 2 }]
[trials.baseline]
[trials.longer]
phases = [{ size_px = 32, epochs = 2 }, { size_px = 64, epochs = 1, learning_rate = 1e-4 }]
mixup = 0.2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trials.toml"
    path.write_text(FILE)
    return path


def test_a_trial_is_the_base_with_what_is_shared_and_one_thing_changed(file: Path) -> None:
    found = {f"{trial.name}-{trial.seed}": trial for trial in trials.read(file)}
    assert list(found) == ["baseline-1", "longer-1", "baseline-2", "longer-2"]
    base = recipe.read("classification-mobilenet-v2")
    assert found["baseline-2"].seed == 2
    assert found["baseline-1"].phases == (recipe.Phase(32, 2),)
    assert found["baseline-1"].mixup == base.mixup == 0.0
    assert (found["longer-1"].mixup, found["longer-1"].epochs) == (0.2, 3)
    assert found["longer-1"].learning_rate == base.learning_rate


def test_a_field_no_recipe_has_is_refused(file: Path) -> None:
    file.write_text(FILE + "magic = 1\n")
    with pytest.raises(TypeError, match="magic"):
        trials.read(file)


@pytest.mark.parametrize("path", sorted((recipe.RECIPES_DIR / "trials").glob("*.toml")), ids=lambda path: path.stem)
def test_the_trials_that_come_with_the_project_can_be_run(path: Path) -> None:
    listed = trials.read(path)
    assert len({(trial.name, trial.seed) for trial in listed}) == len(listed)
    for trial in listed:
        assert trial.architecture in networks.ARCHITECTURES
        assert not trial.initial_weights or "/" in trial.initial_weights or (recipe.INITIAL_DIR / trial.initial_weights).exists()


def test_the_table_holds_the_last_epoch_of_each(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Best at the beginning, worse at the end: the end counts."""
    trained = []

    def learnt(settings: recipe.Recipe, _data: Path, out: Path, _log: run.Log) -> loop.State:
        out.mkdir()
        trained.append(out.name)
        for epoch, val in enumerate([0.9, 0.5 + settings.seed / 10, 0.95][: settings.epochs]):
            loop._append_curve(out / loop.CURVE_FILE, epoch=epoch + 1, size_px=32, loss=1.0, val=val)
        return {}

    monkeypatch.setattr(run, "learnt", learnt)
    table = trials.run_all(trials.read(file), tmp_path, tmp_path, lambda _line: None)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert trained == ["baseline-1", "longer-1", "baseline-2", "longer-2"]
    assert [(row["trial"], row["seed"], float(row["val"])) for row in rows] == [
        ("baseline", "1", 0.6), ("longer", "1", 0.95), ("baseline", "2", 0.7), ("longer", "2", 0.95)
    ]  # fmt: skip
    assert [int(row["images_seen"]) for row in rows] == [2 * 6016, 3 * 6016, 2 * 6016, 3 * 6016]
