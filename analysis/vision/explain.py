"""Where in the image a network found its evidence (SPEC A8). Signed raw maps; display scaling is `overlay`'s matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from analysis.vision.types import Mask, SignedMap


def grad_cam(model: nn.Module, layer: nn.Module, x: Tensor, target: Callable[[Tensor], Tensor]) -> SignedMap:
    """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, eq. 1–2) before its ReLU: evidence against keeps its sign.

    α_k = mean over positions of ∂target/∂A_k, map = Σ_k α_k·A_k, where A is the output of `layer` (1×K×h×w).
    `x` is 1×C×H×W as the model wants it; `target` picks one number (a logit, a log-probability) from the model's
    output. Returns h×w float32 in units of the target; where the layer feeds global average pooling and one linear
    layer, its sum is that logit less the bias.

    The model runs in evaluation mode and is left as it was: no gradients, running means or hooks remain, whatever happens.
    Raises ValueError when the layer does not run, its output is no 1×K×h×w, or `target` is not one number.
    """
    with torch.inference_mode(False), torch.enable_grad(), _evaluating(model), _watching(layer) as seen:
        score = target(model(x.clone()))  # a clone: tensors made in inference mode cannot be tracked
        activation = _only_map(seen)
        if score.numel() != 1:
            raise ValueError(f"target must give one number, not a tensor of shape {tuple(score.shape)}")
        (gradient,) = torch.autograd.grad(score.sum(), activation)
    weights = gradient.float().mean(dim=(2, 3), keepdim=True)
    evidence = (weights * activation.detach().float()).sum(dim=1)[0]
    return evidence.cpu().numpy().astype(np.float32, copy=False)


def _only_map(seen: list[Tensor]) -> Tensor:
    if not seen:
        raise ValueError("the layer did not run: it is not part of this model's forward pass")
    if seen[-1].ndim != 4 or seen[-1].shape[0] != 1:
        raise ValueError(f"the layer must give one stack of maps (1×K×h×w), not {tuple(seen[-1].shape)}")
    return seen[-1]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every module's own mode restored after."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def _watching(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what `layer` puts out, cut off from everything before it.

    The cut makes it work on frozen networks and spares the gradients of the layers below; the copy handed on lets a
    following in-place activation do as it likes.
    """
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[object, ...], output: Tensor) -> Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1].clone()

    handle = layer.register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def enlarge(signed_low: SignedMap, width: int, height: int) -> SignedMap:
    """A raw h×w map bilinearly enlarged to height×width; the values are not rescaled."""
    return cv2.resize(signed_low, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)


def share_inside(signed: SignedMap, lesion: Mask) -> float | None:
    """Share of the positive evidence inside the lesion, [0, 1]; None without a lesion or without positive evidence.

    Both are H×W. Raises ValueError when their sizes differ.
    """
    if lesion.shape != signed.shape:
        raise ValueError(f"the mask is {lesion.shape}, the map {signed.shape}")
    positive = np.maximum(signed, 0)
    total = float(positive.sum(dtype=np.float64))
    if total == 0 or not lesion.any():
        return None
    return float(positive[lesion].sum(dtype=np.float64)) / total
