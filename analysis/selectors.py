"""Reads that span models."""

from __future__ import annotations

from django.db.models import DateField
from django.db.models.functions import Coalesce, TruncDate

from analysis.models import ANSWERS, Analysis
from analysis.regions import Region
from patients.models import Image


def newest_analysis(image: Image) -> Analysis | None:
    """What the clinician wants to see of a whole image: the newest that is under way or succeeded, else the newest of all."""
    return newest_of_each(image).get(None)


def newest_of_each(image: Image) -> dict[Region | None, Analysis]:
    """The same of the whole picture (None) and of every region that was marked on it, in the order in which they were first asked for."""
    newest: dict[Region | None, Analysis] = {}
    for analysis in Analysis.objects.filter(image=image).defer("result").order_by("queued_at"):
        known = newest.get(analysis.marked)
        if known is None or analysis.status in ANSWERS or known.status not in ANSWERS:
            newest[analysis.marked] = analysis
    return newest


def picture_of_last_visit(image: Image) -> Image | None:
    """The newest picture taken in the same way on the last day before this one's, of the same lesion."""
    day = Coalesce("taken_on", TruncDate("uploaded_at"), output_field=DateField())
    same = Image.objects.filter(lesion=image.lesion_id, modality=image.modality)
    return same.annotate(on=day).filter(on__lt=image.day).order_by("-on", "-uploaded_at").first()
