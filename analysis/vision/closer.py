"""A closer look at a picture that was analysed: why one diagnosis, by every method, and how the level set came to its outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analysis.vision import classify, evolution, occlusion, overlay, region, segment
from analysis.vision.evolution import Frame
from analysis.vision.explain import account
from analysis.vision.explain.account import Account, OnProgress, Question, Scene
from analysis.vision.types import Region, RgbImage
from analysis.vision.weights import Bundle


@dataclass(frozen=True)
class CloserLook:
    account: Account
    evolution: tuple[Frame, ...]


def look(image: RgbImage, bundle: Bundle, question: Question, on_progress: OnProgress, marked: Region | None = None) -> CloserLook:
    """What `pipeline.analyse` saw, or `region.analyse` where a region was marked, of an upright H×W×3 uint8 picture, looked at again.

    Maps are at the size at which a picture is displayed (`overlay.display_size`), outlines in pixels of the picture itself. Raises
    ValueError for a rectangle that does not lie in it.
    """
    if marked is None:
        return _look(image, bundle, question, on_progress, None)
    height_px, width_px = image.shape[:2]
    frame = region.frame_around(marked, width_px, height_px)
    seen = _look(region.cut(image, frame), bundle, question, on_progress, region.within(marked, frame))
    explained = tuple(replace(one, signed=region.shown(one.signed, frame, width_px, height_px)) for one in seen.account.explained)
    return CloserLook(replace(seen.account, explained=explained), tuple(_moved(step, frame) for step in seen.evolution))


def _look(image: RgbImage, bundle: Bundle, question: Question, on_progress: OnProgress, marked: Region | None) -> CloserLook:
    x = classify.prepare(image, bundle.classifier.card)
    small = overlay.for_display(image)
    clear, hidden = occlusion.cleared(small)
    scene = Scene(segment.segment(clear, bundle.lesion, marked and _scaled(marked, small.shape[1] / image.shape[1])).mask, hidden)
    return CloserLook(account.give(x, scene, bundle.classifier, question, on_progress), evolution.frames(image))


def _scaled(marked: Region, scale: float) -> Region:
    """A whole rectangle in a picture made smaller."""
    left, top = (int(start * scale) for start in (marked.left, marked.top))
    return Region(left, top, max(1, int(marked.width * scale)), max(1, int(marked.height * scale)))


def _moved(step: Frame, frame: Region) -> Frame:
    return replace(step, contours=tuple(region.moved(contour, frame) for contour in step.contours))
