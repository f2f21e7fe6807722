"""Pen marks and coloured stickers on the skin beside the lesion (SPEC A9).

Purple ink has been reported to make a network call naevi melanomas (Winkler et al. 2019, doi:10.1001/jamadermatol.2019.1735), so they are
told. Ink and stickers are green, blue or violet, as skin hardly is, and they differ from the skin around in hue: where a whole picture is
violet, from the light or the camera, nothing stands out. Black and red ink are not told, nor what lies on the lesion, blue itself at times.
"""

from __future__ import annotations

import cv2
import numpy as np

from analysis.vision import imaging
from analysis.vision.types import Mask, RgbImage

HUES = (40, 155)
"""From green to violet, in OpenCV's half degrees."""
MIN_SATURATION = 70
"""Of 255."""
MIN_DISTANCE = 25.0
"""In the a*b* plane, to the median of the skin: ΔE without lightness."""
MIN_SAMPLES = 25
"""Pixels of skin below which there is no colour of the skin, and of ink below which there is no mark."""


def share(picture: RgbImage, skin: Mask) -> float | None:
    """Share of the H×W×3 uint8 picture that marks cover, [0, 1]; None without skin. `skin` (H×W) leaves out lesion and black corners."""
    if np.count_nonzero(skin) < MIN_SAMPLES:
        return None
    hue, saturation, _ = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    coloured = skin & (hue >= HUES[0]) & (hue <= HUES[1]) & (saturation >= MIN_SATURATION)
    if np.count_nonzero(coloured) < MIN_SAMPLES:
        return 0.0
    lab = imaging.lab(picture)[..., 1:]
    from_skin = lab[coloured] - np.median(lab[skin], axis=0)
    return float(np.count_nonzero(np.hypot(*from_skin.T) >= MIN_DISTANCE) / skin.size)
