"""How the level set came to its outline, step by step, to look at (SPEC A5, S0 fig. 4)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from analysis.vision import level_set
from analysis.vision.types import Contour, Mask, RgbImage

MOST = 24
"""Frames: more show nothing new."""


@dataclass(frozen=True)
class Frame:
    """The contour after so many steps."""

    step: int
    contours: tuple[Contour, ...]
    """Outer boundaries of all parts, (x, y) in pixels of the picture; empty when the contour has vanished."""


def frames(image: RgbImage) -> tuple[Frame, ...]:
    """At most MOST + 1 frames of `level_set.segment` on an H×W×3 picture: the start, every few steps, and the end.

    What follows the last step (the largest part, repair at the frame, judgement) is not shown.
    """
    masks = list(level_set.evolve(image))
    every = -(-len(masks) // MOST)
    shown = sorted({*range(0, len(masks), every), len(masks) - 1})
    scale = max(image.shape[:2]) / max(masks[0].shape)
    return tuple(Frame(step, _contours(masks[step], scale)) for step in shown)


def _contours(mask: Mask, scale: float) -> tuple[Contour, ...]:
    """Of a mask at working size, in pixels of the picture: x = (x' + 0.5)·scale − 0.5."""
    found, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    return tuple(((contour[:, 0] + 0.5) * scale - 0.5).astype(np.float32) for contour in found)
