"""Findings as transparent pictures to lay over the photograph: H×W×4 uint8 RGBA, straight alpha, 0 where nothing is.

Drawn parts are opaque; the page sets the opacity (S0 §3.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging
from analysis.vision.types import ColourRegion, Mask, RgbaImage, RgbImage, SignedMap

Rgb = tuple[int, int, int]

DISPLAY_SIDE_PX = 1600
"""Long side of what is only looked at: no screen shows more of it."""

PALETTE: dict[str, Rgb] = {
    "white": (255, 255, 255),
    "red": (213, 94, 0),
    "light_brown": (240, 228, 66),
    "dark_brown": (110, 50, 10),
    "blue_grey": (86, 180, 233),
    "black": (0, 0, 0),
}
"""Colour name → how its regions are drawn: after Okabe and Ito, so that colour-blind readers can tell them apart."""

STRUCTURE_PALETTE: dict[str, Rgb] = {
    "globules": (0, 114, 178),
    "streaks": (213, 94, 0),
    "pigment_network": (0, 158, 115),
    "milia_like_cyst": (240, 228, 66),
    "negative_network": (240, 170, 210),
}
"""Structure → how it is drawn: after Okabe and Ito as well, the pink lighter, so that nobody takes it for the green."""

WEAK_EVIDENCE_RGB, STRONG_EVIDENCE_RGB = (255, 220, 0), (215, 25, 28)
SEAM_SHARE = 1 / 300
"""Of the longer side: about a pixel on the narrowest screen."""
CHANGE_RGB = (136, 34, 170)
FULL_EVIDENCE = 8.0
"""Evidence of this density, in logits, is drawn in full: a class whose score rests evenly on the frame is then the surest of the
first classifier's answers (logits of 4 to 5 on val) at half strength, and its peaks (7 to 11) in full."""


FULL_OF_METHOD = {
    "grad_cam": FULL_EVIDENCE,
    "grad_cam_fine": FULL_EVIDENCE / 2,
    "rise": 0.05,
    "guided_backprop": 0.1,
    "visual_backprop": 5.0,
}
"""What is drawn in full by the other methods of `explain.account`, each in its own unit: about what the highest hundredth of the pixels
reach on confident answers of the first joined classifier (val)."""


def mask_overlay(mask: Mask, colour_rgb: Rgb) -> RgbaImage:
    """The mask (H×W bool) filled with one opaque colour."""
    return np.take(np.array([[0, 0, 0, 0], [*colour_rgb, 255]], np.uint8), mask.view(np.uint8), axis=0)


def mask_outline_overlay(mask: Mask, colour_rgb: Rgb, thickness_px: int = 2) -> RgbaImage:
    """Only the outer contours of the mask (H×W bool), `thickness_px` wide."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(line, contours, -1, 1, thickness_px)
    return mask_overlay(line.view(np.bool_), colour_rgb)


def colour_map(regions: Iterable[ColourRegion], width: int, height: int) -> RgbaImage:
    """Every colour region filled with its PALETTE colour, on a height×width frame.

    Regions carry their outer outline alone, so the ones that enclose others are drawn first.
    """
    canvas = np.zeros((height, width, 4), np.uint8)
    for region in sorted(regions, key=lambda region: -cv2.contourArea(region.contour)):
        outline = np.rint(region.contour).astype(np.int32)
        cv2.drawContours(canvas, [outline], -1, (*PALETTE[region.colour], 255), cv2.FILLED)
    return canvas


def structure_map(masks: Mapping[str, Mask]) -> RgbaImage:
    """H×W bool masks by structure, each in its STRUCTURE_PALETTE colour; smaller ones lie on top, so that none hides another whole.

    Raises ValueError without masks.
    """
    if not masks:
        raise ValueError("no masks to draw")
    canvas = np.zeros((*next(iter(masks.values())).shape, 4), np.uint8)
    for name, mask in sorted(masks.items(), key=lambda item: -int(item[1].sum())):
        canvas[mask] = (*STRUCTURE_PALETTE[name], 255)
    return canvas


def heat_overlay(signed: SignedMap, full: float = FULL_EVIDENCE) -> RgbaImage:
    """Positive evidence (H×W float32, signed) from faint yellow to opaque red; evidence against is not drawn.

    Fixed rule, never stretched to the map's own range: opacity = evidence / `full`, clipped to [0, 1]. The mean of a map of
    Grad-CAM is the class's logit, so a hesitant answer stays faint and only what carried a sure one is drawn in full.
    """
    opacity = np.clip(signed / np.float32(full), 0, 1)
    heat: RgbaImage = np.take(_heat_scale(), np.rint(255 * opacity).astype(np.uint8), axis=0)
    return heat


def change_overlay(difference: NDArray[np.float32], usual: float) -> RgbaImage:
    """Changes of colour (H×W float32, ΔE, NaN where it cannot be told) beyond what is usual, violet: opaque from four times that."""
    opacity = np.nan_to_num(np.clip((difference - usual) / (3 * usual), 0, 1))
    canvas = np.zeros((*difference.shape, 4), np.uint8)
    canvas[..., :3], canvas[..., 3] = CHANGE_RGB, np.rint(255 * opacity)
    return canvas


def for_display(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An H×W×C or H×W uint8 picture at most DISPLAY_SIDE_PX on the long side; a smaller one is returned as it is."""
    height, width = picture.shape[:2]
    shown = display_size(width, height)
    return picture if shown == (width, height) else imaging.resize(picture, *shown)


def display_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height at most DISPLAY_SIDE_PX."""
    scale = min(1.0, DISPLAY_SIDE_PX / max(height_px, width_px))
    return round(width_px * scale), round(height_px * scale)


def painted_over(cleared: RgbImage, hidden: Mask) -> RgbaImage:
    """Of a picture that was `cleared` only the places that were `hidden` (H×W bool), for display: opaque there, transparent elsewhere.

    And opaque a little around them, where it is the picture itself: a browser that makes both smaller would mix hairs into their edges.
    """
    opacity = for_display(hidden.astype(np.uint8) * 255)
    reach_px = max(2, round(max(opacity.shape) * SEAM_SHARE))
    opacity = np.asarray(cv2.dilate(opacity, np.ones((2 * reach_px + 1,) * 2, np.uint8)), dtype=np.uint8)
    layer: RgbaImage = np.dstack([for_display(cleared), opacity])
    layer[opacity == 0] = 0
    return layer


def _heat_scale() -> RgbaImage:
    """256×4: the colour of each opacity from 0 to 255."""
    opacity = np.linspace(0, 1, 256)[:, None]
    colour = (1 - opacity) * WEAK_EVIDENCE_RGB + opacity * STRONG_EVIDENCE_RGB
    scale: RgbaImage = np.rint(np.hstack([colour, 255 * opacity])).astype(np.uint8)
    scale[0] = 0
    return scale
