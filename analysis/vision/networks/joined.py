"""Several classifiers as one network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from analysis.vision.networks.backbones import WIDTH, Backbone

FEATURES, HEAD = "features.", "classifier.1."


class SideBySide(nn.ModuleList):
    """N×3×H×W → the members' feature maps, N×ΣC×h×w. All members must halve the picture equally often."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([member(x) for member in self], dim=1)


class Joined(nn.Module):
    """Classifiers that see the same picture and whose logits are averaged (SPEC A11; S4 averages five networks).

    Each ends in average pooling and one linear layer, so the mean of their logits is one linear layer on all their features: to
    Grad-CAM, and to whoever compares features, this is a network like any other. N×3×H×W float in [−1, 1] → N×outputs logits.
    """

    def __init__(self, members: Sequence[Backbone], outputs: int) -> None:
        super().__init__()
        self.features = SideBySide(member.features for member in members)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(WIDTH * len(members), outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


def join(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The weights of `Joined` that give the mean of the members' logits; members in the order of its architecture."""
    features = {
        f"{FEATURES}{index}.{name.removeprefix(FEATURES)}": value
        for index, state in enumerate(states)
        for name, value in state.items()
        if name.startswith(FEATURES)
    }
    weight = torch.cat([state[f"{HEAD}weight"] for state in states], dim=1) / len(states)
    bias = torch.stack([state[f"{HEAD}bias"] for state in states]).mean(dim=0)
    return {**features, f"{HEAD}weight": weight, f"{HEAD}bias": bias}
