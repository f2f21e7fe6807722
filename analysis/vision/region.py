"""One lesion of several in view (SPEC A9): what is looked at when a person has marked it, and what was found, back in the whole picture.

The networks were trained on lesions with skin around them, in the middle of a frame of which the classifier sees a square; a rectangle
drawn by hand is tight, or long and narrow. So the square around it is looked at, MARGIN wider on every side, as far as the picture reaches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import overlay, pipeline
from analysis.vision.pipeline import Clock, OnStage, ignore
from analysis.vision.types import Abcd, ColourRegion, Contour, Occluded, Outline, Output, Region, RgbImage
from analysis.vision.weights import Bundle

Value = TypeVar("Value", bound=np.generic)

MARGIN = 0.2
"""Of the longer side of the marked rectangle, on every side of it."""


def analyse(
    image: RgbImage,
    marked: Region,
    bundle: Bundle,
    *,
    pixel_spacing_mm: tuple[float, float] | None = None,
    on_stage: OnStage = ignore,
    clock: Clock | None = None,
) -> Output:
    """`pipeline.analyse` of the marked rectangle of an upright H×W×3 uint8 picture, every shape at the size of that picture.

    Raises ValueError for a rectangle that does not lie in the picture.
    """
    height_px, width_px = image.shape[:2]
    frame = frame_around(marked, width_px, height_px)
    seen = within(marked, frame)
    output = pipeline.analyse(cut(image, frame), bundle, pixel_spacing_mm=pixel_spacing_mm, on_stage=on_stage, clock=clock, marked=seen)
    return placed(output, frame, width_px, height_px)


def frame_around(marked: Region, width_px: int, height_px: int) -> Region:
    """The square with MARGIN around the marked rectangle, moved where the width×height picture ends; with less margin where it is narrower.

    A square, so that the classifier sees all of it; only of a rectangle longer than the picture is wide, or high, there is none.
    Raises ValueError for a rectangle that does not lie in the picture.
    """
    left, top, width, height = marked
    if min(left, top) < 0 or min(width, height) < 1 or left + width > width_px or top + height > height_px:
        raise ValueError(f"{marked} does not lie in a picture of {width_px}×{height_px} pixels")
    longer = max(width, height)
    side = min(round((1 + 2 * MARGIN) * longer), max(longer, min(width_px, height_px)))
    frame_left, frame_width = _around(left, width, side, width_px)
    frame_top, frame_height = _around(top, height, side, height_px)
    return Region(frame_left, frame_top, frame_width, frame_height)


def _around(start: int, length: int, wanted: int, available: int) -> tuple[int, int]:
    """Start and length of the interval that has the given one in its middle, as far as [0, available) allows."""
    found = min(wanted, available)
    return min(max(start - (found - length) // 2, 0), available - found), found


def within(marked: Region, frame: Region) -> Region:
    """The marked rectangle, by its place in the frame."""
    return marked._replace(left=marked.left - frame.left, top=marked.top - frame.top)


def cut(image: NDArray[Value], frame: Region) -> NDArray[Value]:
    """What of an H×W×C or H×W array lies in the frame, contiguous in memory."""
    left, top, width, height = frame
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def placed(output: Output, frame: Region, width_px: int, height_px: int) -> Output:
    """What was found in the frame, every shape moved to where the frame lies in the width×height picture; nothing outside it."""
    return replace(
        output,
        width_px=width_px,
        height_px=height_px,
        lesion=_outline(output.lesion, frame, width_px, height_px),
        level_set=_outline(output.level_set, frame, width_px, height_px),
        structures=tuple(replace(one, mask=laid(one.mask, frame, width_px, height_px)) for one in output.structures),
        abcd=_abcd(output.abcd, frame),
        heatmap=replace(output.heatmap, signed=laid(output.heatmap.signed, frame, width_px, height_px)),
        occluded=output.occluded and _occluded(output.occluded, frame, width_px, height_px),
        lightened=None,  # a picture of the frame alone cannot stand for the whole one
        frame=frame,
    )


def _occluded(occluded: Occluded, frame: Region, width_px: int, height_px: int) -> Occluded:
    """With what was painted over laid where it belongs."""
    if not occluded.was_cleared:
        return occluded
    return replace(occluded, painted=shown(occluded.painted, frame, width_px, height_px))


def _outline(outline: Outline, frame: Region, width_px: int, height_px: int) -> Outline:
    return replace(outline, mask=laid(outline.mask, frame, width_px, height_px), contour=moved(outline.contour, frame))


def _abcd(abcd: Abcd, frame: Region) -> Abcd:
    return replace(abcd, regions=tuple(_colour(region, frame) for region in abcd.regions))


def _colour(region: ColourRegion, frame: Region) -> ColourRegion:
    x, y = region.centroid
    return replace(region, centroid=(x + frame.left, y + frame.top), contour=moved(region.contour, frame))


def laid(values: NDArray[Value], frame: Region, width_px: int, height_px: int) -> NDArray[Value]:
    """A mask or map of the frame at the size of the picture, False or zero outside."""
    canvas = np.zeros((height_px, width_px), values.dtype)
    canvas[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = values
    return canvas


def shown(values: NDArray[Value], frame: Region, width_px: int, height_px: int) -> NDArray[Value]:
    """A map or picture of the frame, h×w or h×w×C, where it lies in the picture at the size of display (`overlay.display_size`)."""
    width, height = overlay.display_size(width_px, height_px)
    left, right = (round(x * width / width_px) for x in (frame.left, frame.left + frame.width))
    top, bottom = (round(y * height / height_px) for y in (frame.top, frame.top + frame.height))
    canvas = np.zeros((height, width, *values.shape[2:]), values.dtype)
    size = right - left, bottom - top
    canvas[top:bottom, left:right] = cv2.resize(values, size, interpolation=cv2.INTER_AREA)  # type: ignore[arg-type]  # any number
    return canvas


def moved(contour: Contour, frame: Region) -> Contour:
    return contour + np.array([frame.left, frame.top], np.float32)
