from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.vision import explain
from analysis.vision.types import SignedMap


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


def first(logits: Tensor) -> Tensor:
    return logits[0, 0]


@pytest.mark.parametrize("frozen", [False, True])
def test_the_map_is_the_one_computed_by_hand(frozen: bool) -> None:
    """∂logit_0/∂A_1 = 1/6 and ∂logit_0/∂A_2 = 3/6 everywhere: map = x/6 − 2x·3/6 = −5x/6. It keeps its sign."""
    model = Tiny(frozen=frozen)
    found = explain.grad_cam(model, model.maps, X, first)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, -5 / 6 * PIXELS, rtol=1e-6)


def test_another_target_gives_another_map() -> None:
    model = Tiny()
    np.testing.assert_allclose(explain.grad_cam(model, model.maps, X, lambda o: o[0, 1]), -PIXELS / 6, rtol=1e-6)
    np.testing.assert_allclose(explain.grad_cam(model, model.maps, X, lambda o: o[0, 0] - o[0, 1]), -4 / 6 * PIXELS, rtol=1e-6)


def test_an_activation_that_works_in_place_does_not_disturb_the_map() -> None:
    """ReLU6 passes A_1 at four of six pixels and A_2 at one: mean gradients 4/6·1/6 and 1/6·3/6 of the maps x and −2x."""
    model = Tiny(in_place=True)
    found = explain.grad_cam(model, model.maps, X, first)
    np.testing.assert_allclose(found, PIXELS * (4 / 36) - 2 * PIXELS * (3 / 36), rtol=1e-5, atol=1e-7)


def test_before_pooling_and_one_linear_layer_the_map_adds_up_to_the_logit() -> None:
    model = Tiny().eval()
    with torch.no_grad():
        logit = float(model(X)[0, 0])
    assert float(explain.grad_cam(model, model.maps, X, first).sum()) == pytest.approx(logit)


def test_the_model_is_left_as_it_was() -> None:
    model = Tiny().train()
    model.unused.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain.grad_cam(model, model.maps, X, first)
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
        explain.grad_cam(model, model.maps, X, broken)
    assert not model.maps._forward_hooks
    assert model.training


def test_it_works_inside_inference_mode() -> None:
    model = Tiny()
    with torch.inference_mode():
        found = explain.grad_cam(model, model.maps, X.clone(), first)
    np.testing.assert_allclose(found, -5 / 6 * PIXELS, rtol=1e-6)


def test_wrong_questions_are_refused() -> None:
    model = Tiny()
    with pytest.raises(ValueError, match="did not run"):
        explain.grad_cam(model, model.unused, X, first)
    with pytest.raises(ValueError, match="one stack of maps"):
        explain.grad_cam(model, model.head, X, first)
    with pytest.raises(ValueError, match="one stack of maps"):
        explain.grad_cam(model, model.maps, torch.cat([X, X]), first)
    with pytest.raises(ValueError, match="one number"):
        explain.grad_cam(model, model.maps, X, lambda logits: logits)
    assert not model.maps._forward_hooks


def test_enlarging_is_bilinear_and_keeps_the_values() -> None:
    low: SignedMap = np.array([[-1, 3]], np.float32)
    enlarged = explain.enlarge(low, 4, 2)
    np.testing.assert_allclose(enlarged, [[-1, 0, 2, 3]] * 2)
    assert enlarged.dtype == np.float32


def test_the_share_inside_counts_positive_evidence_alone() -> None:
    signed: SignedMap = np.array([[3, 1], [-5, 0]], np.float32)
    lesion = np.array([[True, False], [True, False]])
    assert explain.share_inside(signed, lesion) == pytest.approx(0.75)
    assert explain.share_inside(signed, ~lesion) == pytest.approx(0.25)


def test_without_lesion_or_evidence_there_is_no_share() -> None:
    signed: SignedMap = np.array([[3, 1]], np.float32)
    assert explain.share_inside(signed, np.zeros((1, 2), np.bool_)) is None
    assert explain.share_inside(-signed, np.ones((1, 2), np.bool_)) is None
    with pytest.raises(ValueError, match="the mask is"):
        explain.share_inside(signed, np.ones((2, 2), np.bool_))
