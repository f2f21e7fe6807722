"""Looking into networks while they answer, and leaving them as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every module's own mode restored after."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def differentiable(model: nn.Module) -> Iterator[None]:
    """Evaluation mode with gradients, also where the caller works in inference mode."""
    with torch.inference_mode(False), torch.enable_grad(), evaluating(model):
        yield


@contextmanager
def hooks(handles: list[RemovableHandle]) -> Iterator[None]:
    """These hooks inside, none of them after, whatever happens."""
    with ExitStack() as stack:
        for handle in handles:
            stack.callback(handle.remove)
        yield


def one_number(score: Tensor) -> Tensor:
    """What is to be explained, as a scalar. Raises ValueError when it is not one number."""
    if score.numel() != 1:
        raise ValueError(f"target must give one number, not a tensor of shape {tuple(score.shape)}")
    return score.sum()
