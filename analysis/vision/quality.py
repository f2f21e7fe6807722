"""Is this picture good enough to be judged (SPEC A9)? Figures, a verdict, and advice in words.

Each limit of "usable" is passed by at most 4 of 100 outlined `val` images, but for those of a cut lesion (10) and of marks (9), which are
told wherever they are. `python -m benchmarks.quality` says how well the figures tell pictures made worse, and what is judged of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import imaging, marks
from analysis.vision.types import Mask, Outline, Quality, RgbImage, Verdict

WORKING_PX = 256
"""Of the longer side: what the networks see, and what the limits were found at."""
MIN_SAMPLES = 25
"""Pixels below which a median or a variance says nothing."""
LEAST_BRIGHTNESS = 125.0
"""Of the skin's brightest channel, 0–255: below it a picture is dark, and is offered made lighter (`light`)."""
GLARE_LEVEL = 250
"""Darkest channel, 0–255, from which a pixel is a reflection and shows nothing of the skin."""


@dataclass(frozen=True)
class _Rule:
    """A figure is good on the right side of `usable`, and not enough beyond `retake`."""

    figure: str
    usable: float
    retake: float
    advice: str

    def verdict(self, value: float | None) -> Verdict:
        sign = 1 if self.usable >= self.retake else -1
        if value is None or sign * value >= sign * self.usable:
            return "good"
        return "usable" if sign * value >= sign * self.retake else "retake"


RULES = (
    _Rule("sharpness_db", -18.0, -22.0, "The picture is blurred. Hold the camera still and let it focus on the lesion."),
    _Rule("brightness", LEAST_BRIGHTNESS, 80.0, "The picture is dark. Use more light."),
    _Rule("overexposed_share", 0.02, 0.2, "Large parts are overexposed. Use less light, or switch the flash off."),
    _Rule("contrast", 3.0, 2.0, "The lesion hardly stands out from the skin. Check light and focus, and that the lesion is in view."),
    _Rule("glare_share", 0.01, 0.1, "Reflections cover part of the lesion. Use immersion fluid or polarised light, or tilt the camera."),
    _Rule("dark_share", 0.3, 0.6, "Much of the frame is black. Move closer, so that the round field fills it."),
    # Exceeded by 11 and 10 of the 317; of all 1,283 labelled `val` images by 3.8 % and 2.4 %. Hair hides a quarter of none of them,
    # and a ruler never makes a picture useless.
    _Rule("hair_share", 0.06, 0.25, "Hair hides much of the picture. Wet it or part it, so that it lies beside the lesion."),
    _Rule("ruler_share", 0.01, 1.0, "A ruler is in the picture. Keep it away from the lesion, or take a second picture without it."),
    # By eye all 27 of 1,283 `val` images and all 31 of 2,613 `train` images beyond it show pen marks or stickers; 27 of the 317 do.
    _Rule(
        "marks_share",
        0.003,
        1.0,
        "Pen marks or stickers are in view. Take the picture before you mark the lesion.",
    ),
    _Rule("lesion_share", 0.008, 0.004, "The lesion is very small in the frame. Take the picture from a shorter distance."),
    _Rule("cut_share", 0.25, 1.0, "The frame cuts the lesion: its border cannot be judged. Take the picture from a larger distance."),
    _Rule("longer_side_px", 256, 128, "The picture has few pixels. Use the camera's full resolution."),
)
NO_OUTLINE = "No lesion was found in the picture. Check that it is in view."
NOTHING_THERE = "The picture shows nothing. Check lens and light."
ORDER: tuple[Verdict, ...] = ("good", "usable", "retake")


def judge(image: RgbImage, lesion: Outline, *, hair_share: float = 0.0, ruler_share: float = 0.0) -> Quality:
    """Of an upright H×W×3 uint8 picture with its outline, which may be empty; `occlusion` tells how much of it hair and rulers hide."""
    figures = {**measure(image, lesion.mask), "hair_share": hair_share, "ruler_share": ruler_share}
    found = [(rule.verdict(figures[rule.figure]), rule.advice) for rule in RULES]
    if not lesion.mask.any():
        found.append(("usable", NO_OUTLINE))
    if figures["sharpness_db"] is None:
        found.append(("retake", NOTHING_THERE))
    found.sort(key=lambda pair: -ORDER.index(pair[0]))
    return Quality(found[0][0], tuple(advice for verdict, advice in found if verdict != "good"), figures)


def measure(image: RgbImage, lesion: Mask) -> dict[str, float | None]:
    """The figures of `Quality`, at `WORKING_PX`. What needs an outline is None without one."""
    step = max(1.0, max(image.shape[:2]) / WORKING_PX)
    size = max(1, round(image.shape[1] / step)), max(1, round(image.shape[0] / step))
    small = imaging.resize(image, *size)
    inside = np.asarray(cv2.resize(lesion.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)
    channels = cv2.split(small)
    brightest, darkest = np.maximum.reduce(channels), np.minimum.reduce(channels)
    is_skin = brightest >= imaging.DARK_LEVEL
    has_lesion = bool(inside.any())
    return {
        "sharpness_db": _sharpness_db(small, (_around(inside) if has_lesion else np.ones_like(inside)) & is_skin),
        "brightness": _brightness(brightest, is_skin & ~inside),
        "overexposed_share": float((darkest >= GLARE_LEVEL).mean()),
        "contrast": _contrast(small, inside, is_skin) if has_lesion else None,
        "glare_share": float((darkest[inside] >= GLARE_LEVEL).mean()) if has_lesion else None,
        "dark_share": float(1 - is_skin.mean() - (inside & ~is_skin).mean()),
        "marks_share": marks.share(small, is_skin & ~_around(inside)),
        "lesion_share": float(np.count_nonzero(lesion) / lesion.size) if lesion.any() else None,
        "cut_share": _cut_share(lesion) if lesion.any() else None,
        "longer_side_px": float(max(image.shape[:2])),
    }


def _around(inside: Mask) -> Mask:
    """The lesion and as much skin beside it."""
    reach = 2 * max(2, round(0.2 * float(np.sqrt(inside.sum())))) + 1
    return np.asarray(cv2.dilate(inside.astype(np.uint8), np.ones((reach, reach), dtype=np.uint8)) > 0)


def _brightness(brightest: NDArray[np.uint8], skin: Mask) -> float:
    """Median of the brightest channel of the skin beside the lesion; of everything where hardly any skin is seen."""
    return imaging.median(brightest[skin] if np.count_nonzero(skin) >= MIN_SAMPLES else brightest)


def _cut_share(lesion: Mask) -> float:
    """Share of the outline's length that is the frame's edge: pixels of the lesion on the frame's edge / on its own, at most 1."""
    on_frame = np.count_nonzero(lesion[[0, -1]]) + np.count_nonzero(lesion[:, [0, -1]])
    inner = cv2.erode(lesion.view(np.uint8), np.ones((3, 3), dtype=np.uint8), borderValue=0)
    return min(1.0, on_frame / (np.count_nonzero(lesion) - np.count_nonzero(inner)))


def _sharpness_db(small: NDArray[np.uint8], where: Mask) -> float | None:
    """Power of the finest structures over that of coarser ones, in decibel: contrast and colour cancel out. None for a flat picture.

    10 log₁₀(var(g − G₁g) / var(G₁g − G₈g)), g the green channel, Gσ a Gaussian of σ pixels.
    """
    if np.count_nonzero(where) < MIN_SAMPLES:
        return None
    grey = small[..., 1].astype(np.float32)
    smooth, smoother = (cv2.GaussianBlur(grey, (0, 0), width) for width in (1.0, 8.0))
    fine, coarse = float((grey - smooth)[where].var()), float((smooth - smoother)[where].var())
    return float(10 * np.log10((fine + 1e-3) / coarse)) if coarse > 0.05 else None


def _contrast(small: NDArray[np.uint8], inside: Mask, is_skin: Mask) -> float | None:
    """CIE76 ΔE between the median colours of the lesion and of the skin, but for a seam around the lesion; None without skin."""
    skin = is_skin & ~_around(inside)
    if np.count_nonzero(skin) < MIN_SAMPLES:
        return None
    differences = [np.median(channel[inside]) - np.median(channel[skin]) for channel in map(np.asarray, cv2.split(imaging.lab(small)))]
    return float(np.linalg.norm(differences))
