"""The lesion's outline by a network (S0 §3.4)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from analysis.vision import occlusion
from analysis.vision.classify import to_input
from analysis.vision.outlines import belonging, from_mask
from analysis.vision.types import Outline, Region, RgbImage
from analysis.vision.weights import Model

PLAUSIBLE_SHARE = 0.5
"""A second area counts as lesion when it is at least half as large as the largest: on val mean Jaccard was 0.003 higher on
HAM10000 than with the largest alone, and the same on Task 1; smaller ones are mostly hair, rulers and other marks."""
NOTHING_FOUND = "No lesion was found in this image. Check that the lesion is in view and in focus."


def outline(image: RgbImage, model: Model) -> Outline:
    """As at work: hair and rulers that hide enough of the picture are painted over before."""
    return segment(occlusion.cleared(image)[0], model)


def segment(image: RgbImage, model: Model, marked: Region | None = None) -> Outline:
    """Outline of the lesion at image size, holes filled (S1 §3.4); of the one in the marked rectangle where there is one.

    From the mean over the picture and its mirror image: a lesion has no left and right, what a network makes of them differs a little.
    """
    x = to_input(image, model.card.input_px)
    seen, mirrored = model.maps(torch.cat([x, x.flip(-1)])).cpu()
    low = (seen + mirrored.flip(-1)).numpy() / 2
    inside = enlarged(low, *image.shape[:2])[0] > model.card.threshold
    return from_mask(belonging(inside, marked), NOTHING_FOUND, PLAUSIBLE_SHARE)


def logits(image: RgbImage, model: Model) -> NDArray[np.float32]:
    """C×s×s float32: the network's maps at its own size, of the whole frame squashed to a square."""
    maps: NDArray[np.float32] = model.maps(to_input(image, model.card.input_px))[0].cpu().numpy()
    return maps


def enlarged(low: NDArray[np.float32], height_px: int, width_px: int) -> NDArray[np.float32]:
    """C×s×s logits → C×H×W probabilities, enlarged bilinearly."""
    probable = expit(low)
    size = (width_px, height_px)
    return np.stack([cv2.resize(channel, size, interpolation=cv2.INTER_LINEAR) for channel in probable]).astype(np.float32, copy=False)
