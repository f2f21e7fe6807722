"""The picture of the visit before, and what has changed since (SPEC R5). Read by the worker while it analyses the later one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import InterfaceError, OperationalError

from analysis import inference, selectors
from analysis.inference import Picture
from analysis.vision.change import Comparison
from patients.files import open_stored
from patients.models import Image

if TYPE_CHECKING:
    from analysis.vision.types import Output

logger = logging.getLogger(__name__)

UNREADABLE = "It cannot be read any more. Tell your administrator."


@dataclass(frozen=True)
class SinceLastVisit:
    """What has changed since the day of an earlier picture, and which one that is."""

    day: date
    image_id: UUID
    comparison: Comparison
    took_ms: float


def compare_with_last(image: Image, data: bytes, output: Output) -> SinceLastVisit | None:
    """None for a first visit. Whatever goes wrong with the earlier picture must not cost the result of the later one."""
    earlier = selectors.picture_of_last_visit(image) if output.lesion.area_px else None
    if earlier is None:
        return None
    started_s = perf_counter()
    comparison = _compared(earlier, Picture(data, image.pixel_spacing_mm), output)
    return SinceLastVisit(earlier.day, earlier.pk, comparison, (perf_counter() - started_s) * 1000)


def _compared(earlier: Image, later: Picture, output: Output) -> Comparison:
    try:
        with open_stored(earlier.upright) as file:
            before = Picture(file.read(), earlier.pixel_spacing_mm)
        return inference.compare(before, later, output)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("the picture of the visit before, %s, cannot be compared with", earlier.pk)
        return Comparison(-1.0, UNREADABLE)
