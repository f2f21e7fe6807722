"""Whether a result was measured with the scale that its picture has by now."""

from __future__ import annotations

from analysis.models import Analysis
from patients.models import SpacingOrigin


def has_other_scale(analysis: Analysis) -> bool:
    """True when a ruler or a dermatoscope has given the picture another scale since. What its own device states never changes, nor does
    having none."""
    image = analysis.image
    if image.pixel_spacing_origin not in {SpacingOrigin.RULER, SpacingOrigin.PROFILE}:
        return False
    used: list[float] | None = Analysis.objects.filter(pk=analysis.pk).values_list("result__pixel_spacing_mm", flat=True).get()
    return used != [image.pixel_spacing_row_mm, image.pixel_spacing_column_mm]
