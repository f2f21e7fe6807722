"""Reads that span models."""

from __future__ import annotations

from django.db.models import DateField
from django.db.models.functions import Coalesce, TruncDate

from analysis.models import Analysis, Status
from patients.models import Image


def newest_analysis(image: Image) -> Analysis | None:
    """What the clinician wants to see of an image: the newest that is under way or succeeded, else the newest of all."""
    return Analysis.objects.answering(image) or Analysis.objects.filter(image=image).defer("result").order_by("-queued_at").first()


def analysis_of_last_visit(image: Image) -> Analysis | None:
    """The newest finished analysis, with an outline, of the picture taken in the same way on the last day before this one's."""
    day = Coalesce("image__taken_on", TruncDate("image__uploaded_at"), output_field=DateField())
    return (
        Analysis.objects.filter(image__lesion=image.lesion_id, image__modality=image.modality, status=Status.SUCCEEDED)
        .filter(result__lesion__area_px__gt=0)
        .annotate(day=day)
        .filter(day__lt=image.day)
        .select_related("image")
        .order_by("-day", "-queued_at")
        .first()
    )
