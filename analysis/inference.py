"""The only door from Django to the networks. Importing this module is cheap; the first analysis loads torch.

Used by workers and commands, never by the web process.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from django.conf import settings

from analysis.vision.types import Mask, Output, Region, RgbImage

if TYPE_CHECKING:
    from analysis.vision.change import Comparison
    from analysis.vision.closer import CloserLook
    from analysis.vision.weights import Bundle

logger = logging.getLogger(__name__)


class Analyser(Protocol):
    """Bytes of an upright image in, everything found out, in a marked region alone if there is one; `on_stage` hears of each finished
    stage and may raise.
    """

    def __call__(
        self, data: bytes, *, region: Region | None, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]
    ) -> Output: ...


def analyse(data: bytes, *, region: Region | None, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]) -> Output:
    """Run the whole pipeline with the active models."""
    from analysis.vision import imaging

    return _analyse(imaging.decode(data), region, pixel_spacing_mm=pixel_spacing_mm, on_stage=on_stage)


LOADING = "models"
"""What `on_progress` of an explanation hears first: the first one after a start waits for the networks."""


class Explainer(Protocol):
    """Bytes of an upright image and a question in, all methods' answers out, and how the outline came about."""

    def __call__(
        self,
        data: bytes,
        *,
        region: Region | None,
        on_progress: Callable[[str, float], None],
        label: str,
        masks: int,
        cells: int,
        visible_percent: int,
        seed: int,
    ) -> CloserLook: ...


def explain(
    data: bytes,
    *,
    region: Region | None,
    on_progress: Callable[[str, float], None],
    label: str,
    masks: int,
    cells: int,
    visible_percent: int,
    seed: int,
) -> CloserLook:
    """Explain one diagnosis with the active classifier, by every method, and show how the level set came to its outline."""
    from analysis.vision import closer, imaging
    from analysis.vision.explain.account import Question

    on_progress(LOADING, 0.0)
    question = Question(label, masks, cells, visible_percent / 100, seed)
    return closer.look(imaging.decode(data), _bundle(models_digest(settings.MODELS_DIR)), question, on_progress, region)


@dataclass(frozen=True)
class Picture:
    """An upright picture's bytes, and the distance between its rows and columns."""

    data: bytes
    pixel_spacing_mm: tuple[float, float] | None

    @property
    def pixel_area_mm2(self) -> float | None:
        return self.pixel_spacing_mm and self.pixel_spacing_mm[0] * self.pixel_spacing_mm[1]


def compare(earlier: Picture, later: Picture, output: Output) -> Comparison:
    """Lay an earlier picture over the later one, that `output` was found in, and measure what has changed.

    The earlier one is outlined anew: an outline that another network drew at the time would pass for change. Large pictures are made
    smaller one after the other, so that two are never in memory at once.
    """
    from analysis.vision import change, imaging

    image = imaging.decode(earlier.data)
    before = change.shrunk(change.Visit(image, *outlined(image), earlier.pixel_area_mm2))
    border = None if output.lesion.touches_border else output.abcd.border_irregularity
    return change.compare(before, change.Visit(imaging.decode(later.data), output.lesion.mask, border, later.pixel_area_mm2))


def outlined(image: RgbImage) -> tuple[Mask, float | None]:
    """The lesion by the active network, as the pipeline outlines it, and its border irregularity; None where the frame cuts it."""
    from analysis.vision import abcd, segment

    lesion = segment.outline(image, _bundle(models_digest(settings.MODELS_DIR)).lesion)
    border = None if lesion.touches_border else abcd.measure(image, lesion.mask).border_irregularity
    return lesion.mask, border


def warm_up() -> None:
    """Load the active models and run them once, so that the first patient does not wait for it."""
    started_s = perf_counter()
    _analyse(_drawn_lesion(), None, pixel_spacing_mm=None, on_stage=lambda _: None)
    logger.info("models ready after %.1f s", perf_counter() - started_s)


def _analyse(
    image: RgbImage, marked: Region | None, *, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]
) -> Output:
    from analysis.vision import pipeline, region

    bundle = _bundle(models_digest(settings.MODELS_DIR))
    if marked:
        return region.analyse(image, marked, bundle, pixel_spacing_mm=pixel_spacing_mm, on_stage=on_stage, clock=perf_counter)
    return pipeline.analyse(image, bundle, pixel_spacing_mm=pixel_spacing_mm, on_stage=on_stage, clock=perf_counter)


@lru_cache(maxsize=1)
def _bundle(digest: str) -> Bundle:
    """The active models, kept for the life of this process and replaced when the digest changes."""
    import torch

    from analysis.vision import weights

    torch.set_num_threads(settings.TORCH_THREADS)
    logger.info("loading models %s", digest[:8])
    return weights.load_bundle(settings.MODELS_DIR)


def models_digest(folder: Path) -> str:
    """Changes whenever `active.json`, a card or a weight file does. Looks at names, sizes and times: a few stats."""
    known = hashlib.sha256()
    for path in sorted([folder / "active.json", *folder.glob("*/card.json"), *folder.glob("*/*.safetensors")]):
        if path.exists():
            stat = path.stat()
            known.update(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return known.hexdigest()


def _drawn_lesion() -> RgbImage:
    """450×600, a brown disc on skin."""
    y, x = np.ogrid[:450, :600]
    inside = (x - 300) ** 2 + (y - 225) ** 2 < 120**2
    return np.where(inside[..., None], (110, 70, 50), (215, 170, 150)).astype(np.uint8)
