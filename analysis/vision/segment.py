"""The lesion's outline by the report's U-Net (S0 §3.4)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from analysis.vision import networks
from analysis.vision.classify import to_input
from analysis.vision.outlines import from_mask
from analysis.vision.types import Outline, RgbImage
from analysis.vision.weights import Model

NOTHING_FOUND = "No lesion was found in this image. Check that the lesion is in view and in focus."


def segment(image: RgbImage, model: Model) -> Outline:
    """Outline of the lesion at image size: the largest connected area, holes filled (S1 §3.4)."""
    return from_mask(probability(image, model) > model.card.threshold, NOTHING_FOUND)


def probability(image: RgbImage, model: Model) -> NDArray[np.float32]:
    """H×W float32 in [0, 1]: the network's map at its own size, enlarged bilinearly to the image's."""
    x = to_input(image, model.card.input_px).to(model.where)
    with torch.inference_mode(), networks.half_precision(model.where):
        low = torch.sigmoid(model.network(x)[0, 0].float()).cpu().numpy()
    height, width = image.shape[:2]
    return cv2.resize(low, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
