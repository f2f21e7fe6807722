"""Classifiers whose features also serve as the way down of a U-Net."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from analysis.vision.torchvision_ops import models

WIDTH = 1280
"""Channels of the last feature map of every backbone here."""


class Backbone(Protocol):
    """`features` in a row, and after which of them the picture has been halved once, twice, … five times."""

    features: nn.Sequential
    classifier: nn.Sequential
    taps: tuple[int, ...]
    tap_channels: tuple[int, ...]


class MobileNetV2(nn.Module):
    """MobileNetV2 1.0 (Sandler et al. 2018, arXiv:1801.04381): N×3×H×W float in [−1, 1] → N×outputs logits."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.taps: tuple[int, ...] = (1, 3, 6, 13, 17)
        self.tap_channels: tuple[int, ...] = (16, 24, 32, 96, 320)
        network = models.mobilenet_v2(weights=None, num_classes=outputs)
        self.features: nn.Sequential = network.features
        self.classifier: nn.Sequential = network.classifier

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite 0 to 2: EfficientNet (Tan & Le 2019, arXiv:1905.11946, table 1) without squeeze-and-excitation, with ReLU6
    and with stem and head of fixed width, made for processors. N×3×H×W float in [−1, 1] → N×outputs logits.

    Convolutions are padded on both sides alike, where the original pads below and to the right: fine-tuning absorbs the half pixel.
    """

    # expansion, kernel, stride, channels, blocks
    STAGES = (
        (1, 3, 1, 16, 1),
        (6, 3, 2, 24, 2),
        (6, 5, 2, 40, 2),
        (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3),
        (6, 5, 2, 192, 4),
        (6, 3, 1, 320, 1),
    )
    SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))  # width and depth of Lite 0, 1, 2

    def __init__(self, outputs: int, scale: int = 0) -> None:
        super().__init__()
        width, depth = self.SCALES[scale]
        layers: list[nn.Module] = [convolution(3, 32, 3, stride=2)]
        channels = [32]
        for expansion, kernel, stride, base, blocks in self.STAGES:
            count = blocks if blocks == 1 else -int(-blocks * depth // 1)
            into, out = channels[-1], _rounded(base * width)
            layers.append(nn.Sequential(*(MbConv(out if i else into, out, expansion, kernel, 1 if i else stride) for i in range(count))))
            channels.append(out)
        self.taps: tuple[int, ...] = (1, 2, 3, 5, 7)
        self.tap_channels: tuple[int, ...] = tuple(channels[index] for index in self.taps)
        self.features = nn.Sequential(*layers, convolution(channels[-1], WIDTH, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(WIDTH, outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


class Head(nn.Module):
    """What a classifier does with its last feature maps: N×K×h×w → average pooling → one linear layer → N×outputs logits.

    By itself, so that they need not be computed anew to see what they say where.
    """

    def __init__(self, network: Backbone) -> None:
        super().__init__()
        self.maps = nn.Identity()
        self.classifier = network.classifier

    def forward(self, maps: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.maps(maps).mean((2, 3)))
        return logits


class MbConv(nn.Module):
    """Expand, filter each channel by itself, project; added to the input where the shape stays."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = channels_in * expansion
        expand = [convolution(channels_in, hidden, 1)] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            convolution(hidden, hidden, kernel, stride=stride, groups=hidden),
            nn.Conv2d(hidden, channels_out, 1, bias=False),
            nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01),
        )
        self.is_residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.is_residual else out


def convolution(channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU6; the constants of the published weights."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01),
        nn.ReLU6(inplace=True),
    )


def _rounded(channels: float) -> int:
    """To the next multiple of eight, never down by more than a tenth (Sandler et al. 2018)."""
    rounded = int(channels + 4) // 8 * 8
    return rounded + 8 if rounded < 0.9 * channels else rounded
