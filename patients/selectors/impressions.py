"""Who has to say what they think of which picture before the machine's answer is shown, and what they said."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from patients import permissions as rules
from patients.models import Image, Impression, User, Viewer


def awaiting_impression(viewer: Viewer, images: Iterable[Image]) -> set[UUID]:
    """Of these pictures, those whose practice asks and of which this clinician has not said. Administrators treat nobody: never asked."""
    if not rules.can_give_impression(viewer):
        return set()
    asking = Image.objects.filter(pk__in=[image.pk for image in images], lesion__patient__practice__asks_impression=True)
    return set(asking.exclude(impressions__by=viewer.pk).values_list("pk", flat=True))


def own_impression(viewer: Viewer, image: Image) -> Impression | None:
    return Impression.objects.filter(image=image, by=viewer).first() if isinstance(viewer, User) else None
