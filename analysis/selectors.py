"""Reads that span models."""

from __future__ import annotations

from django.db.models import DateField
from django.db.models.functions import Coalesce, TruncDate

from analysis.models import Analysis
from patients.models import Image


def newest_analysis(image: Image) -> Analysis | None:
    """What the clinician wants to see of an image: the newest that is under way or succeeded, else the newest of all."""
    return Analysis.objects.answering(image) or Analysis.objects.filter(image=image).defer("result").order_by("-queued_at").first()


def picture_of_last_visit(image: Image) -> Image | None:
    """The newest picture taken in the same way on the last day before this one's, of the same lesion."""
    day = Coalesce("taken_on", TruncDate("uploaded_at"), output_field=DateField())
    same = Image.objects.filter(lesion=image.lesion_id, modality=image.modality)
    return same.annotate(on=day).filter(on__lt=image.day).order_by("-on", "-uploaded_at").first()
