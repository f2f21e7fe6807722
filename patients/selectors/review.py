"""What a dermatologist's working page is made of."""

from __future__ import annotations

from django.db.models import Case as When
from django.db.models import F, QuerySet, Value
from django.db.models import When as If

from patients.models import Image, Lesion, Modality


def pictures_for_review(lesion: Lesion) -> QuerySet[Image]:
    """The dermoscopic ones first, the newest of each kind first."""
    dermoscopic_first = When(If(modality=Modality.DERMOSCOPIC, then=Value(0)), default=Value(1))
    return Image.objects.filter(lesion=lesion).order_by(dermoscopic_first, F("taken_on").desc(nulls_last=True), "-uploaded_at", "id")
