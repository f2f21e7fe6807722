"""Structures: a network whose answer is known, read by the rules on its card."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.vision import structures
from analysis.vision.networks.engine import Engine
from analysis.vision.types import STRUCTURES, RgbImage
from analysis.vision.weights import Card, Model, StructureRule


class LeftRight(nn.Module):
    """The first structure on red, the second on green, the others nowhere."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, :2] * 4, torch.full_like(x, -4.0)], dim=1)


RULES = tuple(StructureRule(threshold, 1.0, -1.0, is_validated=threshold < 0.9) for threshold in (0.5, 0.99, 0.5, 0.5, 0.5))
CARD = Card("known", "structures", "unet", STRUCTURES, 60, 0.5, 1.0, (0.0,) * 5, "", STRUCTURES, {}, RULES)
MODEL = Model(LeftRight(), CARD, Engine([LeftRight()], CARD.input_px, torch.device("cpu")))


@pytest.fixture
def image() -> RgbImage:
    """Red on the left third, green on the right third, of a frame that is not square."""
    pixels = np.zeros((60, 120, 3), dtype=np.uint8)
    pixels[:, :40, 0] = 255
    pixels[:, 80:, 1] = 255
    return pixels


def test_each_structure_lies_where_its_map_says(image: RgbImage) -> None:
    lesion = np.zeros((60, 120), dtype=np.bool_)
    lesion[:, 20:60] = True
    found = structures.find(image, MODEL, lesion)
    assert tuple(structure.name for structure in found) == STRUCTURES
    assert found[0].mask[:, :38].all()
    assert not found[0].mask[:, 42:].any()
    assert found[0].share_of_lesion == pytest.approx(0.5, abs=0.03)
    assert not any(structure.mask.any() for structure in found[2:])


def test_each_structure_has_a_threshold_of_its_own(image: RgbImage) -> None:
    """sigmoid(4) = 0.982 is above 0.5 and below 0.99."""
    assert not structures.find(image, MODEL, np.ones((60, 120), dtype=np.bool_))[1].mask.any()


def test_presence_is_read_from_the_highest_hundredth(image: RgbImage) -> None:
    """Score 4 where the structure is, -4 where it is not: sigmoid(4 - 1) and sigmoid(-4 - 1)."""
    found = structures.find(image, MODEL, np.ones((60, 120), dtype=np.bool_))
    assert found[0].probability == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-4)
    assert found[4].probability == pytest.approx(1 / (1 + np.exp(5.0)), abs=1e-4)


def test_one_hot_pixel_is_not_a_structure_and_a_hundredth_is() -> None:
    low = np.full((1, 20, 20), -4.0, dtype=np.float32)
    low[0, 0, 0] = 4.0
    assert structures.presence_scores(low)[0] == pytest.approx(-2.0)  # four pixels are a hundredth: (4 - 4 - 4 - 4) / 4
    low[0, 0, :4] = 4.0
    assert structures.presence_scores(low)[0] == pytest.approx(4.0)


def test_what_the_model_cannot_tell_is_marked_as_such(image: RgbImage) -> None:
    found = structures.find(image, MODEL, np.ones((60, 120), dtype=np.bool_))
    assert [structure.is_validated for structure in found] == [True, False, True, True, True]


def test_without_a_lesion_there_is_no_share(image: RgbImage) -> None:
    assert structures.find(image, MODEL, np.zeros((60, 120), dtype=np.bool_))[0].share_of_lesion is None
