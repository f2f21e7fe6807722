from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.vision import networks
from analysis.vision.explain.backprop import guided_backprop, visual_backprop
from analysis.vision.networks.joined import SideBySide

CLASSIFIERS = ("mobilenet_v2", "efficientnet_lite0", "mobilenet_v2_efficientnet_lite2_lite0")


class Rectified(nn.Module):
    """A_1 = ReLU6(x), A_2 = ReLU6(−2x), in place; logits (mean A_1 + 3·mean A_2, −mean A_1, mean A_1 − mean A_2)."""

    def __init__(self, *, frozen: bool = False) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.maps.weight = nn.Parameter(torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1))
        self.rectifier = nn.ReLU6(inplace=True)
        self.head = nn.Linear(2, 3, bias=False)
        self.head.weight = nn.Parameter(torch.tensor([[1.0, 3.0], [-1.0, 0.0], [1.0, -1.0]]))
        self.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.rectifier(self.maps(x)).mean(dim=(2, 3)))
        return logits


X = torch.tensor([[[[1.0, 2.0, 0.0], [7.0, -1.0, 3.0]]]])


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, [[1 / 6, 1 / 6, 0], [0, -1, 1 / 6]]),  # 7 is above ReLU6's range; at −1 the second map passes 3/6 through its weight −2
        (1, [[0, 0, 0], [0, 0, 0]]),  # what arrives is negative everywhere
        (2, [[1 / 6, 1 / 6, 0], [0, 0, 1 / 6]]),  # the gradient at −1 would be 2/6: it arrives with a negative sign and stops
    ],
)
def test_rectifiers_pass_back_what_is_positive_where_they_were_active(index: int, expected: list[list[float]], frozen: bool) -> None:
    found = guided_backprop(Rectified(frozen=frozen), X, lambda logits: logits[0, index])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_colours_are_added_up() -> None:
    """The gradients by three equal channels, weights 1, −2 and 4: 3 of each."""
    convolution = nn.Conv2d(3, 1, 1, bias=False)
    model = nn.Sequential(convolution, nn.ReLU(inplace=True))
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([1.0, -2.0, 4.0]).reshape(1, 3, 1, 1))
    np.testing.assert_allclose(guided_backprop(model, torch.ones(1, 3, 2, 2), torch.sum), np.full((2, 2), 3.0))


def test_guided_backpropagation_refuses_what_it_cannot_explain() -> None:
    with pytest.raises(ValueError, match="no ReLU ran"):
        guided_backprop(nn.Conv2d(1, 1, 1), X, torch.sum)
    with pytest.raises(ValueError, match="one number"):
        guided_backprop(Rectified(), X, lambda logits: logits)


def strided() -> nn.Sequential:
    """A 1×1 convolution with weights 1 and −2, then 3×3 of stride 2 with weights 0.1; both rectified in place."""
    first, second = nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 1, 3, 2, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1))
        second.weight.fill_(0.1)
    return nn.Sequential(first, nn.ReLU6(inplace=True), second, nn.ReLU6(inplace=True))


WIDE = torch.tensor([[[[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, -1.0]]]])
WIDE_RELEVANCE = np.array([[0.2, 0, 0.7, 0], [0, 1.65, 0, 0.7]])
"""Averages of the first maps: ½ 0 1 0 / 0 1½ 0 1. The second layer sums them over columns 0–1 and 1–3, times 0.2: 0.4 and 0.7. Spread
back over the same columns: 0.4, 0.4 + 0.7, 0.7, 0.7 in both rows; times the averages."""


def test_relevance_is_spread_back_and_multiplied() -> None:
    found = visual_backprop(strided(), WIDE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, WIDE_RELEVANCE / WIDE_RELEVANCE.mean(), rtol=1e-5)


def test_of_networks_side_by_side_the_mean_is_given() -> None:
    plain = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU())
    nn.init.ones_(plain[0].weight)  # type: ignore[arg-type]
    positive = np.maximum(WIDE[0, 0].numpy(), 0)
    expected = (WIDE_RELEVANCE / WIDE_RELEVANCE.mean() + positive / positive.mean()) / 2
    np.testing.assert_allclose(visual_backprop(SideBySide([strided(), plain]), WIDE), expected, rtol=1e-5)


def test_a_dead_layer_leaves_nothing() -> None:
    network = strided()
    nn.init.constant_(network[2].weight, -1.0)  # type: ignore[arg-type]
    assert not visual_backprop(network, WIDE).any()


def test_visual_backprop_refuses_networks_that_are_no_row() -> None:
    with pytest.raises(ValueError, match="no convolution is followed"):
        visual_backprop(nn.Conv2d(1, 1, 1), WIDE)
    pooled = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(1, 1, 1, bias=False), nn.ReLU())
    with pytest.raises(ValueError, match="a convolution takes"):
        visual_backprop(pooled, WIDE)


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_every_classifier_can_be_asked_and_is_left_as_it_was(architecture: str) -> None:
    torch.manual_seed(3)
    network = networks.build(architecture, 9).eval().requires_grad_(False)
    network = networks.folded(network)
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    modes = [module.training for module in network.modules()]
    before, answer = {name: value.clone() for name, value in network.state_dict().items()}, network(x)
    relevance = visual_backprop(network.get_submodule("features"), x)
    guided = guided_backprop(network, x, lambda logits: logits[0, 0])
    assert relevance.shape == guided.shape == (64, 64)
    assert relevance.min() >= 0
    assert relevance.mean() == pytest.approx(1, rel=1e-4)
    assert guided.any()
    assert not any(module._forward_hooks for module in network.modules())
    assert [module.training for module in network.modules()] == modes
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(network(x), answer)


def test_both_work_inside_inference_mode_and_on_networks_in_training() -> None:
    model = Rectified().train()
    with torch.inference_mode():
        guided = guided_backprop(model, X.clone(), lambda logits: logits[0, 0])
        relevance = visual_backprop(model, X.clone())
    np.testing.assert_allclose(guided, [[1 / 6, 1 / 6, 0], [0, -1, 1 / 6]], rtol=1e-6)
    assert relevance.shape == (2, 3)
    assert all(module.training for module in model.modules())
