from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.vision.explain.grad_cam import grad_cam, grad_cams
from analysis.vision.networks.joined import SideBySide


class Tiny(nn.Module):
    """Two maps from one grey image, pooled and weighed: A_1 = x, A_2 = −2x; logits (mean A_1 + 3·mean A_2, −mean A_1)."""

    def __init__(self, *, in_place: bool = False, frozen: bool = False) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.maps.weight = nn.Parameter(torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1))
        self.after = nn.ReLU6(inplace=True) if in_place else nn.Identity()
        self.norm = nn.BatchNorm1d(2, affine=False, eps=0.0)
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight = nn.Parameter(torch.tensor([[1.0, 3.0], [-1.0, 0.0]]))
        self.unused = nn.Conv2d(1, 1, 1)
        self.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.after(self.maps(x)).mean(dim=(2, 3))))
        return logits


X = torch.tensor([[[[1.0, 2.0, 0.0], [4.0, -1.0, 3.0]]]])
PIXELS = X[0, 0].numpy()


def first_logit(logits: Tensor) -> Tensor:
    return logits[0, 0]


@pytest.mark.parametrize("frozen", [False, True])
def test_the_map_is_the_one_computed_by_hand(frozen: bool) -> None:
    """∂logit_0/∂A_1 = 1/6 and ∂logit_0/∂A_2 = 3/6 everywhere: map = x/6 − 2x·3/6 = −5x/6. It keeps its sign."""
    model = Tiny(frozen=frozen)
    found = grad_cam(model, model.maps, X, first_logit)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, -5 / 6 * PIXELS, rtol=1e-6)


def test_another_target_gives_another_map() -> None:
    model = Tiny()
    np.testing.assert_allclose(grad_cam(model, model.maps, X, lambda o: o[0, 1]), -PIXELS / 6, rtol=1e-6)
    np.testing.assert_allclose(grad_cam(model, model.maps, X, lambda o: o[0, 0] - o[0, 1]), -4 / 6 * PIXELS, rtol=1e-6)


def test_an_activation_that_works_in_place_does_not_disturb_the_map() -> None:
    """ReLU6 passes A_1 at four of six pixels and A_2 at one: mean gradients 4/6·1/6 and 1/6·3/6 of the maps x and −2x."""
    model = Tiny(in_place=True)
    found = grad_cam(model, model.maps, X, first_logit)
    np.testing.assert_allclose(found, PIXELS * (4 / 36) - 2 * PIXELS * (3 / 36), rtol=1e-5, atol=1e-7)


def test_before_pooling_and_one_linear_layer_the_map_adds_up_to_the_logit() -> None:
    model = Tiny().eval()
    with torch.no_grad():
        logit = float(model(X)[0, 0])
    assert float(grad_cam(model, model.maps, X, first_logit).sum()) == pytest.approx(logit)


def test_the_model_is_left_as_it_was() -> None:
    model = Tiny().train()
    model.unused.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    grad_cam(model, model.maps, X, first_logit)
    assert not model.maps._forward_hooks
    assert model.training
    assert model.maps.training
    assert not model.unused.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert X.grad is None


def test_a_failure_leaves_no_hook_and_no_changed_mode() -> None:
    model = Tiny().train()

    def broken(_logits: Tensor) -> Tensor:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        grad_cam(model, model.maps, X, broken)
    assert not model.maps._forward_hooks
    assert model.training


def test_it_works_inside_inference_mode() -> None:
    model = Tiny()
    with torch.inference_mode():
        found = grad_cam(model, model.maps, X.clone(), first_logit)
    np.testing.assert_allclose(found, -5 / 6 * PIXELS, rtol=1e-6)


def test_wrong_questions_are_refused() -> None:
    model = Tiny()
    with pytest.raises(ValueError, match="did not run"):
        grad_cam(model, model.unused, X, first_logit)
    with pytest.raises(ValueError, match="one stack of maps"):
        grad_cam(model, model.head, X, first_logit)
    with pytest.raises(ValueError, match="one stack of maps"):
        grad_cam(model, model.maps, torch.cat([X, X]), first_logit)
    with pytest.raises(ValueError, match="one number"):
        grad_cam(model, model.maps, X, lambda logits: logits)
    assert not model.maps._forward_hooks


class Deep(nn.Module):
    """A_1 = x, A_2 = −2x; B = 3·ReLU6(A_1) + ReLU6(A_2); logits (2·mean B,)."""

    def __init__(self, *, frozen: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2, 1, bias=False)
        self.first.weight = nn.Parameter(torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1))
        self.between = nn.ReLU6(inplace=True)
        self.second = nn.Conv2d(2, 1, 1, bias=False)
        self.second.weight = nn.Parameter(torch.tensor([3.0, 1.0]).reshape(1, 2, 1, 1))
        self.aside = nn.Conv2d(1, 1, 1)
        self.runs = 0
        self.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        self.aside(x)
        logits: Tensor = 2 * self.second(self.between(self.first(x))).mean(dim=(2, 3))
        return logits


DEEP = 5 / 9 * PIXELS, np.array([[1, 2, 0], [4, 2 / 3, 3]])
"""∂logit/∂B = 2/6 everywhere: map B/3. A_1 is let through at four of six pixels, times 3·2/6; A_2 at one: x·4/6 − 2x·1/6·2/6."""


@pytest.mark.parametrize("frozen", [False, True])
def test_maps_of_several_layers_come_from_one_pass(frozen: bool) -> None:
    model = Deep(frozen=frozen)
    second, first, again = grad_cams(model, [model.second, model.first, model.second], X, first_logit)
    assert model.runs == 1
    np.testing.assert_allclose(first, DEEP[0], rtol=1e-5)
    np.testing.assert_allclose(second, DEEP[1], rtol=1e-5)
    np.testing.assert_array_equal(second, again)
    assert not any(module._forward_hooks for module in model.modules())


def test_a_layer_that_does_not_reach_the_target_has_a_map_of_zeros() -> None:
    model = Deep(frozen=True)
    assert not grad_cam(model, model.aside, X, first_logit).any()


@pytest.mark.parametrize("frozen", [False, True])
def test_maps_of_several_layers_are_those_of_each_by_itself(frozen: bool) -> None:
    model = Deep(frozen=frozen)
    layers = [model.first, model.between, model.second]
    for layer, together in zip(layers, grad_cams(model, layers, X, first_logit), strict=True):
        np.testing.assert_allclose(together, grad_cam(model, layer, X, first_logit), rtol=1e-6)


@pytest.mark.parametrize("frozen", [False, True])
def test_layers_side_by_side_do_not_disturb_one_another(frozen: bool) -> None:
    convolutions = [nn.Conv2d(1, 1, 1, bias=False), nn.Conv2d(1, 1, 1, bias=False)]
    members = SideBySide(convolutions)
    for convolution, weight in zip(convolutions, (2.0, -1.0), strict=True):
        nn.init.constant_(convolution.weight, weight)
    model = nn.Sequential(members.requires_grad_(not frozen), nn.AdaptiveAvgPool2d(1))
    one, other = grad_cams(model, list(members), X, lambda pooled: pooled[0, 0, 0, 0] + 3 * pooled[0, 1, 0, 0])
    np.testing.assert_allclose(one, 2 / 6 * PIXELS, rtol=1e-6)
    np.testing.assert_allclose(other, -3 / 6 * PIXELS, rtol=1e-6)


def test_a_layer_that_does_not_reach_the_target_has_no_evidence() -> None:
    model = Deep(frozen=True)
    aside, second = grad_cams(model, [model.aside, model.second], X, first_logit)
    assert not aside.any()
    np.testing.assert_allclose(second, DEEP[1], rtol=1e-5)
