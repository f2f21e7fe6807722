"""Network architectures, by the name a model card carries. No weights here: `weights` loads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.vision.errors import ModelError
from analysis.vision.torchvision_ops import models


def mobilenet_v2(outputs: int) -> nn.Module:
    """MobileNetV2 1.0 (Sandler et al. 2018, arXiv:1801.04381): N×3×H×W float in [−1, 1] → N×outputs logits."""
    network: nn.Module = models.mobilenet_v2(weights=None, num_classes=outputs)
    return network


class ConvBlock(nn.Sequential):
    """Two 3×3 "same" convolutions, each with batch normalisation and ReLU.

    The report (S0 §3.4) says nothing of normalisation; without it this depth does not train in a few epochs.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """The report's U-Net (S0 §3.4, fig. 2): 9 convolution blocks, 32 filters doubling at each 2×2 max pooling,
    2×2 transposed convolutions on the way up, each joined with the block of the same resolution.

    N×3×H×W float → N×outputs×H×W logits. Any H, W ≥ 16; the report uses 180×180.
    """

    def __init__(self, outputs: int = 1, filters: int = 32, depth: int = 4) -> None:
        super().__init__()
        widths = [filters * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(ConvBlock(i, o) for i, o in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
        self.merge = nn.ModuleList(ConvBlock(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(filters, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        skipped = []
        for block in list(self.down)[:-1]:
            x = block(x)
            skipped.append(x)
            x = functional.max_pool2d(x, 2, ceil_mode=True)  # ceil: 180 is not a multiple of 16
        x = self.down[-1](x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skipped), strict=True):
            x = up(x)[..., : skip.shape[-2], : skip.shape[-1]]
            x = merge(torch.cat([skip, x], dim=1))
        logits: Tensor = self.head(x)
        return logits


ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {"mobilenet_v2": mobilenet_v2, "unet": UNet}
"""Architecture name on a card → builder taking the number of outputs."""

EVIDENCE_LAYERS = {"mobilenet_v2": "features.18"}
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
