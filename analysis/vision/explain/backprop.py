"""Maps at the resolution of the network's input: guided backpropagation (S3) and VisualBackProp (S1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from analysis.vision.explain.grad_cam import Target
from analysis.vision.explain.watching import differentiable, evaluating, hooks, one_number
from analysis.vision.networks.joined import SideBySide
from analysis.vision.types import SignedMap

RECTIFIERS = (nn.ReLU, nn.ReLU6)


def guided_backprop(model: nn.Module, x: Tensor, target: Target) -> SignedMap:
    """Guided backpropagation (Springenberg et al. 2015, arXiv:1412.6806, §3.4, fig. 1): the gradient of `target` by the input, where
    every rectifier passes back only what is positive, and only where it was active itself (ReLU6: between 0 and 6).

    `x` is 1×C×H×W as the model wants it. Returns H×W float32, signed: summed over the channels, so per unit of grey of the input.
    It shows edges sharply and hardly depends on the class (Adebayo et al. 2018, arXiv:1810.03292): no proof by itself.

    The model is left as it was. Raises ValueError when no ReLU or ReLU6 module runs, or `target` is not one number.
    """
    passed: list[nn.Module] = []

    def guide(module: nn.Module, _inputs: object, output: Tensor) -> None:
        passed.append(module)
        if output.requires_grad:  # not so behind a part that does not depend on the picture
            output.register_hook(lambda gradient: gradient.clamp(min=0))  # type: ignore[no-untyped-call]  # torch's own lack of types

    with differentiable(model), hooks([module.register_forward_hook(guide) for module in _all(model, RECTIFIERS)]):
        picture = x.clone().requires_grad_()  # a clone: tensors made in inference mode cannot be tracked
        score = one_number(target(model(picture)))
        if not passed:
            raise ValueError("no ReLU ran: guided backpropagation says nothing of this network")
        (gradient,) = torch.autograd.grad(score, picture)
    return gradient[0].float().sum(dim=0).cpu().numpy().astype(np.float32, copy=False)


def visual_backprop(features: nn.Module, x: Tensor) -> SignedMap:
    """VisualBackProp (Bojarski et al. 2016, arXiv:1611.05418, §3): which pixels the last maps rest on, whatever the class.

    The rectified maps of each convolution are averaged over channels. From the last to the first, the product so far is spread by a
    transposed convolution of ones with that convolution's kernel, stride and padding, and multiplied by the averaged map below.

    `features` is the convolutional part of a classifier, `x` 1×C×H×W as it wants it; of networks side by side, the mean of their maps
    is given. Returns H×W float32, not negative, in multiples of its mean: 1 everywhere says nothing; zeros when a layer is dead.
    A convolution without a rectifier (a linear projection, a shortcut) has no map of its own and must keep the size.

    The network is left as it was. Raises ValueError when nothing is rectified, or the sizes do not follow one another in one row.
    """
    members = list(features) if isinstance(features, SideBySide) else [features]
    with torch.inference_mode(), evaluating(features):
        relevance = torch.stack([_relevance(_rectified(member, x), x.shape) for member in members]).mean(dim=0)
    return relevance[0, 0].cpu().numpy().astype(np.float32, copy=False)


@dataclass
class _Layer:
    """One convolution with a rectifier."""

    convolution: nn.Conv2d
    input_shape: torch.Size
    averaged: Tensor
    """1×1×h×w: its rectified maps, averaged over channels."""


@dataclass
class _Recorder:
    """Collects, in the order of execution, every convolution that a rectifier follows."""

    layers: list[_Layer] = field(default_factory=list)
    pending: tuple[nn.Conv2d, torch.Size] | None = None

    def convolved(self, module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        self.pending = cast("nn.Conv2d", module), inputs[0].shape

    def rectified(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        if self.pending is not None:
            self.layers.append(_Layer(*self.pending, output.float().mean(dim=1, keepdim=True)))
            self.pending = None


def _rectified(features: nn.Module, x: Tensor) -> list[_Layer]:
    recorder = _Recorder()
    handles = [module.register_forward_hook(recorder.convolved) for module in _all(features, (nn.Conv2d,))]
    handles += [module.register_forward_hook(recorder.rectified) for module in _all(features, RECTIFIERS)]
    with hooks(handles):
        features(x)
    if not recorder.layers:
        raise ValueError("no convolution is followed by a ReLU: VisualBackProp says nothing of this network")
    return recorder.layers


def _relevance(layers: list[_Layer], picture_shape: torch.Size) -> Tensor:
    """1×1×H×W. Divided by its mean at every step: the factor means nothing, and tens of layers would overflow."""
    below = [layer.averaged for layer in layers[:-1]]
    relevance = _relative(layers[-1].averaged)
    for layer, averaged in zip(reversed(layers[1:]), reversed(below), strict=True):
        relevance = _relative(_spread(relevance, layer, averaged.shape) * averaged)
    return _relative(_spread(relevance, layers[0], picture_shape))


def _spread(relevance: Tensor, layer: _Layer, shape_below: torch.Size) -> Tensor:
    """Back to the size of the convolution's input: every place gives its relevance to all that it was computed from."""
    size = layer.input_shape[-2:]
    if size != shape_below[-2:]:
        raise ValueError(f"a convolution takes {tuple(size)} where the rectified maps before it are {tuple(shape_below[-2:])}")
    module = layer.convolution
    ones = relevance.new_ones(1, 1, *module.kernel_size)
    stride, padding, dilation = module.stride, cast("tuple[int, int]", module.padding), module.dilation
    # The gradient of a convolution by its input is the transposed convolution, at just the size that its input had.
    spread: Tensor = conv2d_input((1, 1, *size), ones, relevance, stride, padding, dilation)  # type: ignore[no-untyped-call]
    return spread


def _relative(relevance: Tensor) -> Tensor:
    mean = relevance.mean()
    return relevance / mean if mean > 0 else relevance


def _all(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, kinds)]
