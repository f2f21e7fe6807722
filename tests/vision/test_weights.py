"""Weights and card must belong together; whatever is wrong is said before a single image is analysed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from analysis.vision import networks, weights
from analysis.vision.errors import ModelError
from analysis.vision.types import STRUCTURES
from tests.vision import tiny


def test_what_is_saved_comes_back_in_half_precision(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    torch.manual_seed(7)
    original = networks.build("unet", 1).state_dict()
    loaded = load_file(folder / weights.WEIGHTS_FILE)
    assert loaded["head.weight"].dtype == torch.float16
    assert original.keys() == loaded.keys()
    assert all(torch.allclose(loaded[name].float(), original[name].float(), atol=1e-3) for name in original)


def test_a_loaded_network_is_frozen_and_in_evaluation_mode(tmp_path: Path) -> None:
    network = weights.load_model(tiny.write_model(tmp_path, "classification")).network
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        weights.load_model(folder)
    return error.value.code


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    data = bytearray((folder / weights.WEIGHTS_FILE).read_bytes())
    data[-1] ^= 1
    (folder / weights.WEIGHTS_FILE).write_bytes(data)
    assert refusal(folder) == "digest"


def test_another_class_order_is_refused(tmp_path: Path) -> None:
    outputs = ["NV", "MEL", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "dermoscopic"]
    assert refusal(tiny.write_model(tmp_path, "classification", outputs=outputs)) == "class-order"


def test_a_structure_without_its_rule_is_refused(tmp_path: Path) -> None:
    structures = {name: {"threshold": 0.5, "presence": [1.0, 0.0], "is_validated": True} for name in STRUCTURES if name != "streaks"}
    assert refusal(tiny.write_model(tmp_path, "structures", structures=structures)) == "bad-card"


def test_an_architecture_nobody_knows_is_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    card = json.loads((folder / weights.CARD_FILE).read_text())
    (folder / weights.CARD_FILE).write_text(json.dumps({**card, "architecture": "skynet"}))
    assert refusal(folder) == "unknown-architecture"


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    card = json.loads((folder / weights.CARD_FILE).read_text())
    (folder / weights.CARD_FILE).write_text(json.dumps({**card, "architecture": "mobilenet_v2"}))
    assert refusal(folder) == "bad-weights"


@pytest.mark.parametrize("missing", ["architecture", "preprocessing", "calibration", "threshold", "sha256"])
def test_an_incomplete_card_is_refused(tmp_path: Path, missing: str) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    card = json.loads((folder / weights.CARD_FILE).read_text())
    del card[missing]
    (folder / weights.CARD_FILE).write_text(json.dumps(card))
    assert refusal(folder) == "bad-card"


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    folder = tiny.write_model(tmp_path, "lesion")
    (folder / weights.WEIGHTS_FILE).unlink()
    assert refusal(folder) == "no-weights"


def test_a_bundle_holds_the_active_model_of_every_task(tmp_path: Path) -> None:
    bundle = weights.load_bundle(tiny.write_models(tmp_path))
    assert [model.card.task for model in (bundle.classifier, bundle.lesion, bundle.structures)] == list(weights.OUTPUTS)


def test_a_task_without_an_active_model_is_named(tmp_path: Path) -> None:
    models = tiny.write_models(tmp_path)
    (models / weights.ACTIVE_FILE).write_text('{"lesion": "lesion-tiny"}')
    with pytest.raises(ModelError, match="classification"):
        weights.load_bundle(models)


def test_no_models_at_all_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models are needed"):
        weights.load_bundle(tmp_path)
