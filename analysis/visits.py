"""The picture of the visit before, and what has changed since (SPEC R5). Read by the worker while it analyses the later one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from analysis import inference, selectors
from analysis.models import Analysis, Kind
from analysis.vision.errors import VisionError
from patients.files import open_stored
from patients.models import Image
from skinclinic.errors import ClinicError

if TYPE_CHECKING:
    from django.db.models.fields.files import FieldFile

    from analysis.vision.change import Comparison
    from analysis.vision.types import Output

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Since:
    """What has changed since the day of an earlier picture."""

    day: date
    comparison: Comparison


def compare_with_last(image: Image, data: bytes, output: Output) -> Since | None:
    """None for a first visit, and for one whose earlier picture cannot be read any more: that must not cost the result."""
    earlier = selectors.analysis_of_last_visit(image) if output.lesion.area_px else None
    if earlier is None:
        return None
    try:
        comparison = inference.compare(_seen(earlier), data, output, pixel_spacing_mm=image.pixel_spacing_mm)
    except (ClinicError, VisionError) as error:
        logger.warning("analysis %s cannot be compared with: %s", earlier.pk, error.code)
        return None
    return Since(earlier.image.day, comparison)


def _seen(earlier: Analysis) -> inference.Seen:
    result = earlier.result or {}
    border = None if result["lesion"]["touches_border"] else result["abcd"]["border_irregularity"]
    mask = earlier.artefacts.get(kind=Kind.LESION)
    return inference.Seen(_bytes(earlier.image.upright), _bytes(mask.file), border, earlier.image.pixel_spacing_mm)


def _bytes(stored: FieldFile) -> bytes:
    with open_stored(stored) as file:
        data: bytes = file.read()
    return data
