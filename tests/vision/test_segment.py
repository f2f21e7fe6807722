"""The network's answer becomes an outline at the size of the image."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.vision import metrics, segment
from analysis.vision.networks.engine import Engine
from analysis.vision.types import RgbImage
from analysis.vision.weights import Card, Model


class Redness(nn.Module):
    """Says "lesion" wherever red is above the middle: a network whose answer is known."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :1] * 10


CARD = Card("redness", "lesion", "unet", ("lesion",), 60, 0.5, 1.0, (0.0,), "", ("lesion",), {})
MODEL = Model(Redness(), CARD, Engine([Redness()], CARD.input_px, torch.device("cpu")))


def red_box(top: int, bottom: int, left: int, right: int) -> RgbImage:
    image = np.zeros((120, 180, 3), dtype=np.uint8)
    image[top:bottom, left:right, 0] = 255
    return image


def test_the_outline_lies_where_the_network_says_in_a_frame_that_is_not_square() -> None:
    outline = segment.segment(red_box(40, 80, 60, 120), MODEL)
    truth = red_box(40, 80, 60, 120)[..., 0] > 0
    overlap = (outline.mask & truth).sum() / (outline.mask | truth).sum()
    assert outline.mask.shape == (120, 180)
    assert overlap > 0.95
    assert not outline.touches_border


def test_holes_are_filled_and_the_smaller_area_dropped() -> None:
    image = red_box(20, 100, 20, 110)
    image[50:70, 50:80] = 0
    image[100:110, 150:170, 0] = 255
    outline = segment.segment(image, MODEL)
    assert outline.mask[60, 65]
    assert not outline.mask[105, 160]


def test_a_second_lesion_of_half_the_size_is_kept() -> None:
    image = red_box(20, 100, 10, 80)
    image[20:100, 120:165, 0] = 255
    assert segment.segment(image, MODEL).mask[60, 140]


def test_nothing_found_is_said_not_invented() -> None:
    outline = segment.segment(np.zeros((120, 180, 3), dtype=np.uint8), MODEL)
    assert outline.failure == segment.NOTHING_FOUND
    assert outline.area_px == 0


class LeftHalf(nn.Module):
    """Surely "lesion" in the left half of whatever it is shown, a little against it in the right half."""

    def forward(self, x: Tensor) -> Tensor:
        columns = torch.arange(60).expand_as(x[:, :1])
        return torch.where(columns < 30, 6.0, -2.0)


def test_the_picture_and_its_mirror_image_are_averaged() -> None:
    """Each half is seen once as left and once as right: (6 − 2) / 2 = 2 everywhere, a probability of 0.88."""
    for threshold, found in ((0.87, True), (0.89, False)):
        model = Model(LeftHalf(), dataclasses.replace(CARD, threshold=threshold), Engine([LeftHalf()], 60, torch.device("cpu")))
        assert segment.segment(np.zeros((120, 180, 3), dtype=np.uint8), model).mask.all() == found


def test_a_large_picture_is_outlined_as_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above FINE_PX the mask is enlarged, not the probabilities."""
    low = np.linalg.norm(np.indices((60, 60)) - 30, axis=0).astype(np.float32)
    exact = segment.above(12 - low, 0.5, 1800, 2000)
    monkeypatch.setattr(segment, "FINE_PX", 900)
    coarse = segment.above(12 - low, 0.5, 1800, 2000)
    assert coarse.shape == exact.shape
    assert metrics.jaccard(coarse, exact) > 0.995
