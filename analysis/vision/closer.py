"""A closer look at a picture that was analysed: why one diagnosis, by every method, and how the level set came to its outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analysis.vision import classify, evolution, occlusion, region, segment
from analysis.vision.evolution import Frame
from analysis.vision.explain import account
from analysis.vision.explain.account import Account, Explained, OnProgress, Question, Scene
from analysis.vision.types import Region, RgbImage
from analysis.vision.weights import Bundle


@dataclass(frozen=True)
class CloserLook:
    account: Account
    evolution: tuple[Frame, ...]


def look(image: RgbImage, bundle: Bundle, question: Question, on_progress: OnProgress, marked: Region | None = None) -> CloserLook:
    """What `pipeline.analyse` saw, or `region.analyse` where a region was marked, of an upright H×W×3 uint8 picture, looked at again.

    All shapes are at the size of the picture. Raises ValueError for a rectangle that does not lie in it.
    """
    if marked is None:
        return _look(image, bundle, question, on_progress, None)
    height_px, width_px = image.shape[:2]
    frame = region.frame_around(marked, width_px, height_px)
    seen = _look(region.cut(image, frame), bundle, question, on_progress, region.within(marked, frame))
    explained = tuple(_placed(one, frame, width_px, height_px) for one in seen.account.explained)
    return CloserLook(replace(seen.account, explained=explained), tuple(_moved(step, frame) for step in seen.evolution))


def _look(image: RgbImage, bundle: Bundle, question: Question, on_progress: OnProgress, marked: Region | None) -> CloserLook:
    clear, hidden = occlusion.cleared(image)
    scene = Scene(segment.segment(clear, bundle.lesion, marked).mask, hidden)
    x = classify.prepare(image, bundle.classifier.card)
    return CloserLook(account.give(x, scene, bundle.classifier, question, on_progress), evolution.frames(image))


def _placed(explained: Explained, frame: Region, width_px: int, height_px: int) -> Explained:
    return replace(explained, signed=region.laid(explained.signed, frame, width_px, height_px))


def _moved(step: Frame, frame: Region) -> Frame:
    return replace(step, contours=tuple(region.moved(contour, frame) for contour in step.contours))
