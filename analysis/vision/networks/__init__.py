"""Network architectures, by the name a model card carries. No weights here: `weights` loads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import torch
from torch import nn

from analysis.vision.errors import ModelError
from analysis.vision.networks.backbones import EfficientNetLite, MobileNetV2
from analysis.vision.networks.unet import EncoderUNet, UNet

ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {
    "mobilenet_v2": MobileNetV2,
    "efficientnet_lite0": partial(EfficientNetLite, scale=0),
    "efficientnet_lite1": partial(EfficientNetLite, scale=1),
    "efficientnet_lite2": partial(EfficientNetLite, scale=2),
    "unet": UNet,
    "mobilenet_v2_unet": lambda outputs: EncoderUNet(MobileNetV2(1), outputs),
    "efficientnet_lite0_unet": lambda outputs: EncoderUNet(EfficientNetLite(1), outputs),
}
"""Architecture name on a card → builder taking the number of outputs."""

EVIDENCE_LAYERS = {
    "mobilenet_v2": "features.18",
    "efficientnet_lite0": "features.8",
    "efficientnet_lite1": "features.8",
    "efficientnet_lite2": "features.8",
}
"""Last convolutional layer of each classifier: where Grad-CAM looks."""


def build(architecture: str, outputs: int) -> nn.Module:
    """A network with random weights. Raises ModelError for an architecture this code does not know."""
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ModelError("unknown-architecture", f"The card names the architecture {architecture!r}; known: {known}.")
    return ARCHITECTURES[architecture](outputs)


def device() -> torch.device:
    """The accelerator where there is one, else the processor. Called at load time, never at import."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def placed(network: nn.Module, where: torch.device) -> nn.Module:
    """The network on its device, channels last in memory: what convolutions are fastest with on processors and GPUs alike."""
    moved: nn.Module = network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    return moved


def half_precision(where: torch.device) -> AbstractContextManager[None]:
    """Autocast to bfloat16 where the hardware computes in it: elsewhere it is emulated and an order of magnitude slower.

    Measured on a processor with AVX2 only: MobileNetV2 trains at 20 images/s in float32, at 1 in bfloat16.
    """
    is_fast = where.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    context: AbstractContextManager[None] = torch.autocast(where.type, torch.bfloat16, enabled=is_fast)
    return context
