"""Patients, lesions and images. Each answers one page with a constant number of queries."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from patients.models import Image, Lesion, Patient, User, Viewer

RECENT_PATIENTS = 8


RECENT_IMAGES = 6


def recent_patients(viewer: Viewer) -> list[Patient]:
    return list(Patient.objects.visible_to(viewer).order_by("-created_at")[:RECENT_PATIENTS])


def recent_images(viewer: Viewer) -> list[Image]:
    """What a practice has uploaded last. Two queries: the newest of each colleague by an index, and of these the newest; to go through
    everybody's pictures or through all patients of the practice would take long where either has many."""
    if not isinstance(viewer, User):
        return []
    newest = Image.objects.filter(uploaded_by=OuterRef("pk")).order_by("-uploaded_at").values("pk")[:RECENT_IMAGES]
    of_each = User.objects.filter(practice=viewer.practice_id).values_list(ArraySubquery(newest), flat=True)
    found = Image.objects.visible_to(viewer).filter(pk__in=[key for keys in of_each for key in keys])
    return list(found.select_related("lesion__patient").defer("lesion__patient__search_words").order_by("-uploaded_at")[:RECENT_IMAGES])


def lesions_of(viewer: Viewer, patient: Patient) -> QuerySet[Lesion]:
    """With `image_count` and `latest_image_id`."""
    found = Lesion.objects.visible_to(viewer).filter(patient=patient)
    return found.annotate(image_count=Count("images"), latest_image_id=latest_image("pk")).order_by("number")


def latest_image(lesion: str) -> Subquery:
    return Subquery(Image.objects.filter(lesion=OuterRef(lesion)).order_by("-uploaded_at").values("pk")[:1])


def images_of(lesion: Lesion) -> QuerySet[Image]:
    """With `is_elsewhere`: the practice has the same file on another lesion too, so one of the two is mixed up."""
    return lesion.images.select_related("uploaded_by").annotate(is_elsewhere=Exists(_elsewhere(lesion, OuterRef("sha256"))))


def is_elsewhere(image: Image) -> bool:
    return _elsewhere(image.lesion, image.sha256).exists()


def _elsewhere(lesion: Lesion, sha256: str | OuterRef) -> QuerySet[Image]:
    return Image.objects.filter(sha256=sha256, lesion__patient__practice=lesion.patient.practice_id).exclude(lesion=lesion)
