"""U-Nets: the report's, and one whose way down is a classifier's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.vision.networks.backbones import Backbone


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


class EncoderUNet(nn.Module):
    """A classifier's features as the way down (strides 2 to 32), four light blocks up to half the input's size.

    N×3×H×W float in [−1, 1] → N×outputs×H×W logits, the last doubling bilinear: borders of lesions are smooth at that scale, and
    the full-size level would cost as much as all others together. Any H, W ≥ 32. `features` is named as in the classifier, so
    that its weights fit.
    """

    WIDTHS = (96, 64, 48, 24)

    def __init__(self, backbone: Backbone, outputs: int) -> None:
        super().__init__()
        self.features = backbone.features
        self.taps = backbone.taps
        *skips, deepest = backbone.tap_channels
        inputs = (deepest, *self.WIDTHS)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i + skip, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
            for i, skip, o in zip(inputs, reversed(skips), self.WIDTHS, strict=False)
        )
        self.head = nn.Conv2d(self.WIDTHS[-1], outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        size, tapped = x.shape[-2:], []
        for index in range(self.taps[-1] + 1):
            x = self.features[index](x)
            if index in self.taps:
                tapped.append(x)
        x = tapped.pop()
        for up, skip in zip(self.up, reversed(tapped), strict=True):
            x = up(torch.cat([_resized(x, skip.shape[-2:]), skip], dim=1))
        return _resized(self.head(x), size)


def _resized(x: Tensor, size: torch.Size) -> Tensor:
    return functional.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
