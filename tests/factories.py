"""Rows and files that tests need, in one line each. Nothing here decides anything: every default is plain."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pil

from patients.models import Case, CaseStatus, Consent, Image, Lesion, Patient, Practice, Purpose, Role, User
from patients.models.cases import HELD, READ
from patients.services import vocabulary

_counter = itertools.count(1)


def make_user(username: str, *, role: str = "", practice: Practice | None = None, **fields: Any) -> User:
    return User.objects.create_user(username, password=username, role=role, practice=practice, display_name=username.capitalize(), **fields)


def make_patient(practice: Practice, **fields: Any) -> Patient:
    author = (
        fields.pop("created_by", None)
        or practice.people.filter(role=Role.GP).first()
        or make_user(f"gp{next(_counter)}", role=Role.GP, practice=practice)
    )
    plain: dict[str, Any] = {
        "record_number": f"R{next(_counter):05}",
        "family_name": "Sorrel",
        "given_names": "Pat",
        "birth_date": date(1970, 5, 17),
        "sex": "female",
    }
    patient = Patient(practice=practice, created_by=author, **plain | fields)
    patient.search_words = vocabulary.index_of(patient)
    patient.save()
    vocabulary.learn(vocabulary.words_of(patient))
    return patient


def make_lesion(patient: Patient, **fields: Any) -> Lesion:
    plain: dict[str, Any] = {
        "number": patient.lesions.count() + 1,
        "site_code": "36141000",
        "site_scheme": "SCT",
        "site_meaning": "Skin of cheek",
        "laterality": "L",
        "created_by": patient.created_by,
    }
    return Lesion.objects.create(patient=patient, **plain | fields)


WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When every made case was sent; later moments follow hour by hour."""


def make_case(lesion: Lesion, status: str = CaseStatus.WAITING, **fields: Any) -> Case:
    """A case as it stands in a state, without the moves that lead there. It is addressed with `to_user` or `to_pool`."""
    whose = {"lesion": lesion, "patient": lesion.patient, "practice": lesion.patient.practice}
    plain: dict[str, Any] = {"by": lesion.created_by, "status": status}
    if status != CaseStatus.DRAFT:
        plain |= {"sent_at": WHEN, "due_at": WHEN + timedelta(days=10), "stands_at": WHEN + timedelta(days=10)}
    if status in HELD:
        plain |= {"claimed_by": fields.get("to_user"), "claimed_at": WHEN + timedelta(hours=1)}
    if status in READ:
        plain["answered_at"] = WHEN + timedelta(hours=2)
    if status == CaseStatus.INFO_ASKED:
        plain["asked_at"] = WHEN + timedelta(hours=2)
    if status == CaseStatus.CLOSED:
        plain["closed_at"] = WHEN + timedelta(hours=3)
    if status == CaseStatus.DISCARDED:
        plain["discard_reason"] = "Sent twice."
    return Case.objects.create(**whose, **plain | fields)


def make_consent(patient: Patient, purpose: str = Purpose.TELECONSULTATION) -> Consent:
    return Consent.objects.create(patient=patient, purpose=purpose, given_on=date(2026, 1, 5), recorded_by=patient.created_by)


def make_image(lesion: Lesion, content: bytes | None = None, **fields: Any) -> Image:
    """A stored image that did not go through the intake; its files exist."""
    data = content or jpeg_bytes(seed=1000 + next(_counter))  # never what a test draws itself
    plain: dict[str, Any] = {
        "modality": "dermoscopic",
        "uploaded_by": lesion.created_by,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "media_type": "image/jpeg",
        "width_px": 160,
        "height_px": 120,
    }
    image = Image(lesion=lesion, **plain | fields)
    for variant in ("original", "upright", "display", "thumbnail"):
        getattr(image, variant).save("", ContentFile(data), save=False)
    image.save()
    return image


def drawn_pixels(width_px: int = 160, height_px: int = 120, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A brown spot on light skin, with noise that no two seeds share: H×W×3 uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height_px, :width_px]
    spot = ((x - width_px / 2) ** 2 + (y - height_px / 2) ** 2) < (min(width_px, height_px) / 4) ** 2
    picture = np.where(spot[..., None], (120, 72, 48), (224, 178, 152)) + rng.normal(0, 6, (height_px, width_px, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def encoded(image: Pil.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_bytes(width_px: int = 160, height_px: int = 120, seed: int = 0, **options: Any) -> bytes:
    return encoded(Pil.fromarray(drawn_pixels(width_px, height_px, seed)), "JPEG", **options)


def png_bytes(width_px: int = 160, height_px: int = 120, seed: int = 0, **options: Any) -> bytes:
    return encoded(Pil.fromarray(drawn_pixels(width_px, height_px, seed)), "PNG", **options)


def upload(content: bytes, name: str = "image.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
