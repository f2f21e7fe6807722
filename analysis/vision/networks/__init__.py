"""Network architectures, by the name a model card carries. No weights here: `weights` loads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from analysis.vision.errors import ModelError
from analysis.vision.networks.backbones import EfficientNetLite, MobileNetV2
from analysis.vision.networks.joined import Joined
from analysis.vision.networks.unet import EncoderUNet, UNet

ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {
    "mobilenet_v2": MobileNetV2,
    "efficientnet_lite0": partial(EfficientNetLite, scale=0),
    "efficientnet_lite1": partial(EfficientNetLite, scale=1),
    "efficientnet_lite2": partial(EfficientNetLite, scale=2),
    "mobilenet_v2_efficientnet_lite2": lambda outputs: Joined((MobileNetV2(1), EfficientNetLite(1, scale=2)), outputs),
    "mobilenet_v2_efficientnet_lite2_lite0": lambda outputs: Joined(
        (MobileNetV2(1), EfficientNetLite(1, scale=2), EfficientNetLite(1)), outputs
    ),
    "unet": UNet,
    "mobilenet_v2_unet": lambda outputs: EncoderUNet(MobileNetV2(1), outputs),
    "efficientnet_lite0_unet": lambda outputs: EncoderUNet(EfficientNetLite(1), outputs),
}
"""Architecture name on a card → builder taking the number of outputs."""


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


def folded(network: nn.Module) -> nn.Module:
    """The network with every batch normalisation that follows a convolution computed into it: a fifth less time on a processor.

    In place, for networks in evaluation mode. Positions in a Sequential stay, so that layers keep their names.
    """
    for layers in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for index in range(len(layers) - 1):
            convolution, norm = layers[index], layers[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                layers[index], layers[index + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return network


def half_precision(where: torch.device) -> AbstractContextManager[None]:
    """Autocast to bfloat16 where the hardware computes in it: elsewhere it is emulated and an order of magnitude slower.

    Measured on a processor with AVX2 only: MobileNetV2 trains at 20 images/s in float32, at 1 in bfloat16.
    """
    is_fast = where.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    context: AbstractContextManager[None] = torch.autocast(where.type, torch.bfloat16, enabled=is_fast)
    return context
