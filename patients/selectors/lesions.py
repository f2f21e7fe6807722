"""What is known of one lesion, and of all the lesions of a patient together."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Case, DateField, QuerySet, Value, When
from django.db.models.functions import Coalesce, TruncDate

from patients.models import Checklist, Image, Lesion, Modality


def checklists_of(lesion: Lesion) -> QuerySet[Checklist]:
    """The newest first."""
    return lesion.checklists.select_related("by")


def pictures_to_compare(lesions: Iterable[Lesion]) -> dict[UUID, Image]:
    """By lesion, its newest dermoscopic picture; the newest macroscopic one where there is no other."""
    first = Case(When(modality=Modality.DERMOSCOPIC, then=Value(0)), default=Value(1))
    day = Coalesce("taken_on", TruncDate("uploaded_at"), output_field=DateField())
    newest = Image.objects.filter(lesion__in=lesions).order_by("lesion_id", first, day.desc(), "-uploaded_at", "id").distinct("lesion_id")
    return {image.lesion_id: image for image in newest}
