"""A whole training run on drawn lesions: from zip shards to a model folder that loads and predicts."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from analysis.vision import classify, imaging, networks, weights
from analysis.vision.errors import TrainingError
from analysis.vision.networks.engine import Engine
from analysis.vision.networks.unet import UNet
from analysis.vision.training import (
    augment,
    calibration,
    checkpoint,
    disturbances,
    evaluate,
    familiarity,
    loop,
    losses,
    recipe,
    run,
    selection,
)
from analysis.vision.training.data import SPLITS, Example, classification_images, select, sha256
from analysis.vision.types import CLASSES
from tests.synthetic import draw_lesion

LABEL_FIELDS = [
    "path",
    "shard",
    "dataset",
    "split",
    "lesion_mask",
    "isic_id",
    "group_id",
    "label8",
    "modality",
    "site",
    "skin_type",
    "licence",
]
STRUCTURE_FIELDS = ["isic_id", "shard", "split", "label8", "image", "lesion", "structures"]


def quiet(_line: str) -> None:
    """A log nobody reads."""


@pytest.fixture(autouse=True)
def small_unet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same network with fewer filters: what is tested here is the training around it."""
    monkeypatch.setitem(networks.ARCHITECTURES, "unet", lambda outputs: UNet(outputs, filters=4, depth=2))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout of the development data in small: 3 images per class and split, with masks."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    with zipfile.ZipFile(folder / "images.zip", "w") as images, zipfile.ZipFile(folder / "ham10000-masks-00.zip", "w") as masks:
        for index in range(3 * len(CLASSES) * 3):
            split, label = ("train", "val", "test")[index % 3], CLASSES[index // 3 % len(CLASSES)]
            drawn, name = draw_lesion(width=160, height=160, axes=(24, 16), centre=(40, 40), seed=index), f"D{index:03}"
            images.writestr(f"{name}.png", imaging.encode_png(drawn.image))
            masks.writestr(f"{name}-mask.png", imaging.encode_png(drawn.mask))
            row = dict.fromkeys(LABEL_FIELDS, "") | {"path": f"{name}.png", "shard": "images.zip", "dataset": "ham10000"}
            row |= {"split": split, "lesion_mask": f"{name}-mask.png", "isic_id": name, "group_id": name, "label8": label}
            rows.append(row | {"modality": "dermoscopic", "licence": "drawn"})
    write_table(folder / "labels.csv", LABEL_FIELDS, rows)
    write_table(folder / "structures.csv", STRUCTURE_FIELDS, [])
    return folder


@pytest.fixture(scope="module")
def structures_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Task 1 and 2 in small: globules on the left half of each lesion, a pigment network over all of every other one."""
    folder = tmp_path_factory.mktemp("structures")
    rows = []
    with zipfile.ZipFile(folder / "task12.zip", "w") as shard:
        for index in range(24):
            drawn, name = draw_lesion(width=120, height=90, seed=index), f"T{index:03}"
            bits = np.where(drawn.mask & (np.arange(120) < 60), 1, 0) + np.where(drawn.mask, 4 * (index % 2), 0)
            files = {"image": drawn.image, "lesion": drawn.mask, "structures": bits.astype(np.uint8)}
            for kind, picture in files.items():
                shard.writestr(f"{kind}/{name}.png", png(picture))
            row = dict.fromkeys(STRUCTURE_FIELDS, "") | {"isic_id": name, "shard": "task12.zip", "split": SPLITS[index // 2 % 3]}
            rows.append(row | {kind: f"{kind}/{name}.png" for kind in files})
    write_table(folder / "labels.csv", LABEL_FIELDS, [])
    write_table(folder / "structures.csv", STRUCTURE_FIELDS, rows)
    return folder


def png(picture: NDArray[Any]) -> bytes:
    """As it is: `imaging.encode_png` would make 0 and 255 of a mask's bits."""
    return bytes(cv2.imencode(".png", picture[..., ::-1] if picture.ndim == 3 else picture.astype(np.uint8))[1])


def write_table(path: Path, fields: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fields)
        writer.writeheader()
        writer.writerows(rows)


def tiny(name: str, epochs: int = 2) -> recipe.Recipe:
    phases = (recipe.Phase(32, epochs - 1), recipe.Phase(64, 1))
    return dataclasses.replace(recipe.read(name), phases=phases, samples_per_epoch=8, batch_size=4, initial_weights=None, starts_from=())


@pytest.mark.parametrize("name", ["classification-mobilenet-v2", "lesion-unet"])
def test_a_recipe_becomes_a_model_that_loads_with_a_complete_card(
    name: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "RESAMPLES", 20)
    for size in ("AXES", "DRAWINGS", "SKIN_EXAMPLES"):
        monkeypatch.setattr(familiarity, size, 4)
    folder = run.train(tiny(name), data_dir, tmp_path / "run", "20260102", log=quiet)
    model = weights.load_model(folder)
    assert folder.name == f"{model.card.task}-{model.card.architecture}-20260102-{model.card.sha256[:8]}"
    assert model.card.content["data"]["splits"] == {"train": 24, "val": 24, "test": 24}
    assert set(model.card.content["data"]["sha256"]) >= {"images.zip"}
    for field in ("recipe", "metrics", "validated_scope", "intended_use", "known_failures", "threshold", "calibration"):
        assert model.card.content[field]
    content, again = model.card.content, json.loads(json.dumps(run.evaluate_folder(folder, data_dir, "test")))
    if model.card.task == "classification":
        assert again.pop("operating_points") == content["operating_points"]
        assert again.pop("familiarity").items() <= content["familiarity"].items()
        on_val = run.evaluate_folder(folder, data_dir, "val")["operating_points"]
        assert {key for point in on_val for key in point} == {"sensitivity_on_val", "threshold", "val"}  # nothing copied from the card
    if model.card.task == "lesion":
        robustness = again.pop("robustness_on_val")
        assert robustness == content["robustness_on_val"]
        assert robustness.keys() == disturbances.DISTURBANCES.keys()
    assert again == content["metrics"]["test"]


def test_structures_are_learnt_with_a_rule_for_each(structures_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "RESAMPLES", 20)
    monkeypatch.setitem(networks.ARCHITECTURES, "efficientnet_lite0_unet", lambda outputs: UNet(outputs, filters=4, depth=2))
    folder = run.train(tiny("structures-efficientnet-lite0-unet"), structures_dir, tmp_path / "run", "20260102", log=quiet)
    model = weights.load_model(folder)
    assert [rule.threshold in calibration.THRESHOLDS for rule in model.card.structures] == [True] * 5
    metrics = model.card.content["metrics"]["test"]
    assert metrics["n"] == 8
    assert {name: figures["n"] for name, figures in metrics["by_structure"].items()} == {
        "globules": 8, "streaks": 0, "pigment_network": 4, "milia_like_cyst": 0, "negative_network": 0
    }  # fmt: skip
    again = run.evaluate_folder(folder, structures_dir, "test")
    assert json.loads(json.dumps(again)) == metrics


def test_recipes_are_trained_once_and_joined(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "RESAMPLES", 20)
    for size in ("AXES", "DRAWINGS", "SKIN_EXAMPLES"):
        monkeypatch.setattr(familiarity, size, 4)
    joined = recipe.read("classification-joined")
    joined = dataclasses.replace(joined, phases=(recipe.Phase(64, 0),))
    members = {name: dataclasses.replace(tiny(name), modality_only=False) for name in joined.starts_from}
    monkeypatch.setattr(recipe, "read", members.__getitem__)
    lines: list[str] = []
    model = weights.load_model(run.train(joined, data_dir, tmp_path / "joined", "20260102", lines.append))
    parts = [loop.best(tmp_path / name) for name in members]
    networks_apart = [networks.build(members[name].architecture, 9).eval() for name in members]
    for network, state in zip(networks_apart, parts, strict=True):
        network.load_state_dict(state)
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    expected = sum(network(x).detach()[0, :8].double().numpy() for network in networks_apart) / len(members)
    assert np.abs(expected).max() > 0.05
    assert classify.look(x, model).scores[0] == pytest.approx(expected, abs=0.005)  # stored in half precision
    assert model.card.content["data"]["started_from"].keys() == members.keys()
    assert sum(line.startswith("epoch") for line in lines) == 2 * len(members)
    lines.clear()
    run.learnt(joined, data_dir, tmp_path / "joined", lines.append)
    assert not [line for line in lines if line.startswith("epoch")]  # all lie there finished


def test_a_finished_run_is_trained_further_by_a_longer_recipe(data_dir: Path, tmp_path: Path) -> None:
    settings, out = tiny("lesion-unet"), tmp_path / "run"
    run.learnt(settings, data_dir, out, quiet)
    assert checkpoint.is_finished(settings, out)
    longer = dataclasses.replace(settings, phases=(*settings.phases, recipe.Phase(96, 1, learning_rate=1e-4)))
    assert checkpoint.progress(longer, out) == (2, float("-inf"))  # what was best at 64 pixels need not be at 96
    lines: list[str] = []
    run.learnt(longer, data_dir, out, lines.append)
    assert [line.split(" at")[0] for line in lines if line.startswith("epoch")] == ["epoch 3/3"]
    assert checkpoint.is_finished(longer, out)


@pytest.mark.parametrize(
    "changes", [{"learning_rate": 0.5}, {"mixup": 0.1}, {"phases": (recipe.Phase(64, 2),)}, {"phases": (recipe.Phase(32, 1),)}]
)
def test_a_run_is_not_continued_by_another_recipe(changes: dict[str, Any], data_dir: Path, tmp_path: Path) -> None:
    settings, out = tiny("lesion-unet"), tmp_path / "run"
    run.learnt(settings, data_dir, out, quiet)
    before = (out / loop.BEST_FILE).read_bytes()
    with pytest.raises(TrainingError, match="another recipe"):
        run.learnt(dataclasses.replace(settings, **changes), data_dir, out, quiet)
    assert (out / loop.BEST_FILE).read_bytes() == before


def test_only_epochs_at_the_finished_size_can_be_the_best(data_dir: Path, tmp_path: Path) -> None:
    settings = tiny("lesion-unet", epochs=3)  # two at 32 pixels, one at 64
    quality = iter([0.9, 0.8, 0.1])
    data = run.training_set(settings, selection.examples(settings, data_dir, "train"), data_dir, tmp_path)
    best = loop.train(settings, data, lambda _: next(quality), {}, tmp_path / "run", quiet)
    assert checkpoint.progress(settings, tmp_path / "run") == (3, 0.1)
    with safe_open(tmp_path / "run" / checkpoint.FILE, framework="pt") as file:
        assert all(torch.equal(best[name], file.get_tensor(f"averaged.{name}")) for name in best)


def test_a_recipe_starts_from_what_another_has_learnt(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = dataclasses.replace(tiny("classification-mobilenet-v2-modality"), starts_from=("first",), ema_decay=0.0)
    first = tiny("classification-mobilenet-v2")
    monkeypatch.setattr(recipe, "read", {"first": first}.__getitem__)
    taught = run.learnt(settings, data_dir, tmp_path / "second", quiet)
    before = loop.best(tmp_path / "first")
    assert torch.equal(taught["classifier.1.weight"][:8], before["classifier.1.weight"][:8])
    assert not torch.equal(taught["classifier.1.weight"][8], before["classifier.1.weight"][8])
    note = json.loads((tmp_path / "second" / run.START_FILE).read_text())
    assert note["first"]["weights_sha256"] == sha256(tmp_path / "first" / loop.BEST_FILE)
    assert recipe.restore(note["first"]["recipe"]) == first


def test_marks_are_compared_where_they_lie(structures_dir: Path) -> None:
    """A network that finds everything everywhere: its overlap is the area of what is marked, its union the whole frame."""
    examples = selection.examples(tiny("structures-efficientnet-lite0-unet"), structures_dir, "test")[:2]
    outputs = weights.OUTPUTS["structures"]
    card = weights.Card("all", "structures", "unet", outputs, 32, 0.5, 1.0, (0.0,) * 5, "", outputs, {})
    everywhere = weights.Model(Everywhere(), card, Engine([Everywhere()], 32, torch.device("cpu")))
    found = evaluate.marks(everywhere, examples, structures_dir, np.full((1, 5), 0.5))
    lesion = [draw_lesion(width=120, height=90, seed=int(example.name[1:])).mask for example in examples]
    assert found.overlaps[:, 0, :, 1] == pytest.approx(np.ones((2, 5)))
    assert found.overlaps[:, 0, 0, 0] == pytest.approx([(mask & (np.arange(120) < 60)).mean() for mask in lesion])
    assert found.present[:, 0].all()
    assert not found.present[:, 1].any()


class Everywhere(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((len(x), 5, *x.shape[2:]), 9.0)


def test_an_interrupted_run_ends_where_the_uninterrupted_one_does(data_dir: Path, tmp_path: Path) -> None:
    settings = tiny("lesion-unet", epochs=3)
    examples = selection.examples(settings, data_dir, "train")
    data = run.training_set(settings, examples, data_dir, tmp_path)
    quality = iter([0.1, 0.2, 0.3, 0.1, 0.2, 0.3])

    def score(network: torch.nn.Module) -> float:
        return next(quality)

    whole = loop.train(settings, data, score, {}, made(tmp_path / "whole"), quiet)

    class KilledError(Exception):
        pass

    def kill_after_first(line: str) -> None:
        if line.startswith("epoch 1"):
            raise KilledError

    out = made(tmp_path / "parts")
    with pytest.raises(KilledError):
        loop.train(settings, data, score, {}, out, kill_after_first)
    resumed = loop.train(settings, data, score, {}, out, quiet)
    assert all(torch.allclose(whole[name].float(), resumed[name].float(), atol=1e-5) for name in whole)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_the_cache_is_written_once_and_holds_the_centred_squares(data_dir: Path, tmp_path: Path) -> None:
    examples = selection.examples(tiny("classification-mobilenet-v2"), data_dir, "val")
    first = classification_images(data_dir, tmp_path, examples)
    assert first.shape == (24, 256, 256, 3)
    (written,) = tmp_path.iterdir()
    before = written.stat().st_mtime_ns
    classification_images(data_dir, tmp_path, examples)
    assert written.stat().st_mtime_ns == before


def test_a_group_on_two_sides_counts_for_the_first() -> None:
    def example(name: str, split: str, group: str) -> Example:
        return Example(name, "s.zip", name, split, group, "d", "dermoscopic", "NV", None, None, None, "", "", "")

    examples = [
        example("a", "train", "1"),
        example("b", "test", "1"),
        example("c", "val", "2"),
        example("d", "test", "2"),
        example("e", "test", "3"),
    ]
    assert [e.name for split in SPLITS for e in select(examples, split)] == ["a", "c", "e"]


def test_no_group_is_on_two_sides(data_dir: Path) -> None:
    sides = [{e.group_id for e in selection.examples(tiny("lesion-unet"), data_dir, s)} for s in ("train", "val", "test")]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]


def test_a_mask_stays_black_and_white_and_moves_with_its_image() -> None:
    drawn = draw_lesion(width=128, height=128)
    pixels = np.dstack([np.where(drawn.mask[..., None], 255, 0).repeat(3, 2), drawn.mask * 255]).astype(np.uint8)
    rng = np.random.default_rng(5)
    for _ in range(5):
        moved = augment.geometry(pixels, 96, rng, (0.7, 1.1), 0.1)
        assert set(np.unique(moved[..., 3])) <= {0, 255}
        same = (moved[..., 0] > 127) == (moved[..., 3] > 0)
        assert same.mean() > 0.98


def test_colour_changes_keep_range_and_shape_and_zero_strength_changes_nothing() -> None:
    image = draw_lesion(width=64, height=64).image
    rng = np.random.default_rng(5)
    assert augment.colour(image, rng, 0.3).shape == image.shape
    assert np.abs(augment.colour(image, rng, 0.0).astype(int) - image).max() <= 1


def test_a_head_of_fewer_outputs_fills_the_first_of_the_new_one() -> None:
    torch.manual_seed(9)
    old = networks.build("mobilenet_v2", 8).state_dict()
    new = loop._new_network(tiny("classification-mobilenet-v2"), old).state_dict()
    assert new["classifier.1.weight"].shape == (9, 1280)
    assert torch.equal(new["classifier.1.weight"][:8], old["classifier.1.weight"])
    assert torch.equal(new["features.18.0.weight"], old["features.18.0.weight"])


def test_a_further_output_can_be_taught_alone(data_dir: Path, tmp_path: Path) -> None:
    torch.manual_seed(9)
    old = networks.build("mobilenet_v2", 8).state_dict()
    settings = dataclasses.replace(tiny("classification-mobilenet-v2-modality"), ema_decay=0.0)
    data = run.training_set(settings, selection.examples(settings, data_dir, "train"), data_dir, tmp_path)
    taught = loop.train(settings, data, lambda _: 0.5, old, made(tmp_path / "run"), quiet)
    fresh = loop._new_network(settings, old).state_dict()
    changed = {name for name, value in fresh.items() if not torch.equal(value, taught[name])}
    assert changed == {"classifier.1.weight", "classifier.1.bias"}
    assert torch.equal(taught["classifier.1.weight"][:8], old["classifier.1.weight"])
    assert not torch.equal(taught["classifier.1.weight"][8], fresh["classifier.1.weight"][8])


def test_a_head_of_more_outputs_is_left_alone() -> None:
    settings = tiny("classification-mobilenet-v2")
    fresh, thousand = loop._new_network(settings, {}).state_dict(), networks.build("mobilenet_v2", 1001).state_dict()
    new = loop._new_network(settings, thousand).state_dict()
    assert torch.equal(new["classifier.1.weight"], fresh["classifier.1.weight"])
    assert torch.equal(new["features.0.0.weight"], thousand["features.0.0.weight"])


def test_rare_classes_are_drawn_more_often_than_they_occur() -> None:
    labels = np.repeat(np.arange(8), [1000, 10, 10, 10, 10, 10, 10, 10])
    weights = run.class_weights(labels, power=0.5)
    data = loop.TrainingSet(np.zeros((len(labels), 1, 1, 3), dtype=np.uint8), weights)
    settings = dataclasses.replace(tiny("classification-mobilenet-v2"), samples_per_epoch=4000)
    share = np.bincount(labels[loop._draw(settings, data, np.random.default_rng(1))], minlength=8) / 4000
    expected = np.array([1000**0.5, *[10**0.5] * 7])
    assert share == pytest.approx(expected / expected.sum(), abs=0.03)


def test_an_image_weighs_as_its_rarest_structure() -> None:
    marks = np.zeros((6, 4, 4), dtype=np.uint8)
    marks[0:4, 0, 0] = 1  # four images of the first structure
    marks[3, 1, 1] = 2  # one of the second, which shows the first too
    assert run.structure_weights(marks, (1, 2), power=0.5) == pytest.approx([0.5, 0.5, 0.5, 1.0, 0.5, 0.5])


def test_a_blend_of_two_images_has_the_blend_of_their_targets() -> None:
    x, target = torch.arange(4.0).reshape(4, 1, 1, 1), torch.eye(4)
    mixed, blended = loop._mixed(x, target, 0.4, np.random.default_rng(2))
    assert blended.sum(1) == pytest.approx([1.0] * 4)
    assert mixed.flatten() == pytest.approx(blended @ torch.arange(4.0))
    assert not torch.equal(mixed, x)
    assert loop._mixed(x, target, 0.0, np.random.default_rng(2))[0] is x


def test_a_patch_of_another_image_brings_as_much_of_its_target() -> None:
    x, target = torch.arange(4.0).reshape(4, 1, 1, 1).repeat(1, 1, 40, 40), torch.eye(4)
    patched, shares = loop._cut(x.clone(), target, 1.0, np.random.default_rng(2))
    assert shares.sum(1) == pytest.approx([1.0] * 4)
    for image, row in zip(patched, shares, strict=True):
        assert [float((image == index).float().mean()) for index in range(4)] == pytest.approx(row.tolist())
    assert 0 < float((shares * target).sum(1).mean()) < 1
    assert loop._cut(x, target, 0.0, np.random.default_rng(2))[0] is x


def test_prevalence_is_that_of_what_is_drawn() -> None:
    classes = np.array([[1, 0, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    data = loop.TrainingSet(np.zeros((4, 1, 1, 3), dtype=np.uint8), np.array([1.0, 1.0, 1.0, 3.0]), classes=classes)
    assert data.prevalence() == pytest.approx([0.5, 0.5])


def test_the_class_loss_by_hand() -> None:
    """p = (0.8, 0.2), once of the second class and once of the first; with the prior added, p becomes (0.8·0.9, 0.2·0.1)/0.74."""
    logits, target = torch.tensor([[4.0, 1.0], [4.0, 1.0]]).log(), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    prevalence = torch.tensor([0.9, 0.1])

    def loss(smoothing: float = 0.0, weight_power: float = 0.0, adjustment: float = 0.0) -> float:
        return float(losses.class_loss(logits, target, prevalence, smoothing=smoothing, weight_power=weight_power, adjustment=adjustment))

    assert loss() == pytest.approx(-(np.log(0.2) + np.log(0.8)) / 2)
    assert loss(adjustment=1.0) == pytest.approx(-(np.log(0.02 / 0.74) + np.log(0.72 / 0.74)) / 2)
    assert loss(weight_power=1.0) == pytest.approx(-(5 * np.log(0.2) + 5 / 9 * np.log(0.8)) / 2)  # 1/0.1 and 1/0.9, 2 on average
    smoothed = -(0.95 * np.log(0.2) + 0.05 * np.log(0.8)), -(0.95 * np.log(0.8) + 0.05 * np.log(0.2))
    assert loss(smoothing=0.1, weight_power=1.0) == pytest.approx((5 * smoothed[0] + 5 / 9 * smoothed[1]) / 2)


def test_batches_do_not_depend_on_how_many_threads_prepare_them(monkeypatch: pytest.MonkeyPatch, data_dir: Path, tmp_path: Path) -> None:
    settings = tiny("classification-efficientnet-lite2")
    data = run.training_set(settings, selection.examples(settings, data_dir, "train"), data_dir, tmp_path)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    one = list(loop._batches(settings, 0, data))
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    many = list(loop._batches(settings, 0, data))
    assert len(one) == len(many) == settings.steps_per_epoch
    assert all(torch.equal(a, b) for left, right in zip(one, many, strict=True) for a, b in zip(left, right, strict=True))


def test_the_structures_loss_by_hand() -> None:
    """One structure found half, another neither there nor found: 1 − J of 0.5 and of (almost) nothing."""
    logits = torch.full((2, 2, 10, 10), -100.0)
    target = torch.zeros(2, 2, 10, 10)
    target[0, 0, :, :] = 1.0
    logits[0, 0, :5, :] = 100.0
    jaccard = (50 + 0.1) / (100 + 0.1)
    cross_entropy = 50 * 100 / 400
    assert float(losses.overlapping_loss(logits, target)) == pytest.approx(cross_entropy + ((1 - jaccard) / 2 + (1 - jaccard)) / 2)


def test_dark_corners_leave_the_centre_and_blur_the_mean() -> None:
    grey = np.full((96, 96, 3), 180, dtype=np.uint8)
    rng = np.random.default_rng(1)
    changed = [augment.optics(grey, rng, 1.0) for _ in range(30)]
    assert all((image[40:56, 40:56] == 180).all() for image in changed)
    assert min(int(image.min()) for image in changed) < 60
    assert augment.optics(grey, rng, 0.0) is grey


def test_soft_jaccard_by_hand() -> None:
    logits = torch.tensor([[[[100.0, 100.0], [-100.0, -100.0]]]])
    target = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    both, either = 1, 3
    assert float(losses.soft_jaccard(logits, target)) == pytest.approx(1 - (both + 1) / (either + 1))


def test_curves_are_kept(data_dir: Path, tmp_path: Path) -> None:
    settings = tiny("lesion-unet")
    examples = selection.examples(settings, data_dir, "train")
    data = run.training_set(settings, examples, data_dir, tmp_path)
    loop.train(settings, data, lambda _: 0.5, {}, made(tmp_path / "run"), quiet)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "run" / "curves.csv").read_text())))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["size_px"] for row in rows] == ["32", "64"]
