"""The lesion's outline by a network (S0 §3.4)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from analysis.vision import imaging, occlusion
from analysis.vision.classify import to_input
from analysis.vision.outlines import belonging, from_mask
from analysis.vision.types import Mask, Outline, Region, RgbImage
from analysis.vision.weights import Model

PLAUSIBLE_SHARE = 0.5
"""A second area counts as lesion when it is at least half as large as the largest: on val mean Jaccard was 0.003 higher on
HAM10000 than with the largest alone, and the same on Task 1; smaller ones are mostly hair, rulers and other marks."""
FINE_PX = 2048
"""Longer side up to which probabilities are enlarged; larger pictures enlarge the mask, as floats of theirs would fill the memory."""
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
    low = (seen[0] + mirrored[0].flip(-1)).numpy() / 2
    inside = above(low, model.card.threshold, *image.shape[:2])
    return from_mask(belonging(inside, marked), NOTHING_FOUND, PLAUSIBLE_SHARE)


def above(low: NDArray[np.float32], threshold: float, height_px: int, width_px: int) -> Mask:
    """Where an s×s map of logits, enlarged to H×W, lies above a probability."""
    step = max(1.0, max(height_px, width_px) / FINE_PX)
    fine = np.asarray(enlarged(low[None], round(height_px / step), round(width_px / step))[0] > threshold)
    return fine if step == 1 else np.asarray(imaging.resize(fine.view(np.uint8) * np.uint8(255), width_px, height_px) > 127)


def logits(image: RgbImage, model: Model) -> NDArray[np.float32]:
    """C×s×s float32: the network's maps at its own size, of the whole frame squashed to a square."""
    maps: NDArray[np.float32] = model.maps(to_input(image, model.card.input_px))[0].cpu().numpy()
    return maps


def enlarged(low: NDArray[np.float32], height_px: int, width_px: int) -> NDArray[np.float32]:
    """C×s×s logits → C×H×W probabilities, enlarged bilinearly."""
    probable = expit(low)
    size = (width_px, height_px)
    return np.stack([cv2.resize(channel, size, interpolation=cv2.INTER_LINEAR) for channel in probable]).astype(np.float32, copy=False)
