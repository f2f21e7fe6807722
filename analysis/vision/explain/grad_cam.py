"""Grad-CAM: which places of a layer's maps speak for a class, and which against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from analysis.vision.explain.watching import differentiable, hooks, one_number
from analysis.vision.types import SignedMap

Target = Callable[[Tensor], Tensor]
"""The model's output → the one number to explain: a logit, a log-probability, a difference of two."""


def grad_cam(model: nn.Module, layer: nn.Module, x: Tensor, target: Target) -> SignedMap:
    """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, eq. 1–2) before its ReLU: evidence against keeps its sign.

    α_k = mean over positions of ∂target/∂A_k, map = Σ_k α_k·A_k, where A is the output of `layer` (1×K×h×w).
    `x` is 1×C×H×W as the model wants it; `target` picks one number (a logit, a log-probability) from the model's
    output. Returns h×w float32 in units of the target; where the layer feeds global average pooling and one linear
    layer, its sum is that logit less the bias.

    The model runs in evaluation mode and is left as it was: no gradients, running means or hooks remain, whatever happens.
    Raises ValueError when the layer does not run, its output is no 1×K×h×w, or `target` is not one number.
    """
    return grad_cams(model, [layer], x, target)[0]


def grad_cams(model: nn.Module, layers: Sequence[nn.Module], x: Tensor, target: Target) -> list[SignedMap]:
    """`grad_cam` of several layers, in their order, from one pass forward and one back; each map has its layer's resolution.

    A layer that runs but does not reach the target has a map of zeros. Of a layer that runs twice, the last run counts.
    """
    seen: dict[nn.Module, Tensor] = {}
    with differentiable(model), hooks([layer.register_forward_hook(_keeper(seen)) for layer in set(layers)]):
        score = one_number(target(model(x.clone())))  # a clone: tensors made in inference mode cannot be tracked
        activations = [_only_map(seen.get(layer)) for layer in layers]
        if not score.requires_grad:
            return [np.zeros(activation.shape[-2:], dtype=np.float32) for activation in activations]
        gradients = torch.autograd.grad(score, activations, materialize_grads=True)
    return [_weighed(gradient, activation.detach()) for gradient, activation in zip(gradients, activations, strict=True)]


def _keeper(seen: dict[nn.Module, Tensor]) -> Callable[[nn.Module, object, Tensor], Tensor]:
    """A hook that keeps what a layer puts out.

    What no watched layer feeds is cut off from everything before it: that makes it work on frozen networks and spares the gradients
    of the layers below. The copy handed on lets a following in-place activation do as it likes.
    """

    def keep(layer: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        follows_another = bool(seen) and output.requires_grad
        seen[layer] = output if follows_another else output.detach().requires_grad_()
        return seen[layer].clone()

    return keep


def _only_map(activation: Tensor | None) -> Tensor:
    if activation is None:
        raise ValueError("the layer did not run: it is not part of this model's forward pass")
    if activation.ndim != 4 or activation.shape[0] != 1:
        raise ValueError(f"the layer must give one stack of maps (1×K×h×w), not {tuple(activation.shape)}")
    return activation


def _weighed(gradient: Tensor, activation: Tensor) -> SignedMap:
    """Σ_k α_k·A_k with α_k the mean gradient of map k."""
    weights = gradient.float().mean(dim=(2, 3), keepdim=True)
    evidence = (weights * activation.float()).sum(dim=1)[0]
    return evidence.cpu().numpy().astype(np.float32, copy=False)
