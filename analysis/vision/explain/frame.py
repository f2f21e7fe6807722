"""From what a network saw, the centred square, to the whole image."""

from __future__ import annotations

import cv2
import numpy as np

from analysis.vision import imaging
from analysis.vision.types import Mask, SignedMap

EDGE_SHARE = 0.05
"""Of the square's side: within half a cell of the last feature maps (a 7×7 grid) from the edge, where convolutions see padding."""


def enlarge(signed_low: SignedMap, width: int, height: int) -> SignedMap:
    """A raw h×w map bilinearly enlarged to height×width; the values are not rescaled."""
    return cv2.resize(signed_low, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)


def over_image(signed_low: SignedMap, height: int, width: int) -> SignedMap:
    """A raw h×w map of the centred square, enlarged and laid over the height×width image; zero where the network saw nothing."""
    top, left, side = imaging.square_window(height, width)
    signed: SignedMap = np.zeros((height, width), dtype=np.float32)
    cv2.resize(signed_low, (side, side), dst=signed[top : top + side, left : left + side], interpolation=cv2.INTER_LINEAR)
    return signed


def edge(height: int, width: int) -> Mask:
    """The rim of the centred square of a height×width image, EDGE_SHARE of its side wide: dark corners, cut-off lesions, padding."""
    top, left, side = imaging.square_window(height, width)
    rim = max(1, round(EDGE_SHARE * side))
    mask = np.zeros((height, width), np.bool_)
    mask[top : top + side, left : left + side] = True
    mask[top + rim : top + side - rim, left + rim : left + side - rim] = False
    return mask
