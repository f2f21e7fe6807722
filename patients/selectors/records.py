"""Patients, lesions and images. Each answers one page with a constant number of queries."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from patients.models import Image, Lesion, Patient, Viewer

RECENT_PATIENTS = 8


RECENT_IMAGES = 8


def recent_patients(viewer: Viewer) -> list[Patient]:
    return list(Patient.objects.visible_to(viewer).order_by("-created_at")[:RECENT_PATIENTS])


def recent_images(viewer: Viewer) -> list[Image]:
    return list(Image.objects.visible_to(viewer).select_related("lesion__patient").order_by("-uploaded_at")[:RECENT_IMAGES])


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
