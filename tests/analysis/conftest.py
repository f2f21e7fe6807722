"""An image of the clinic, drawn, stored through the intake like any other."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from patients.models import Image, Lesion


def drawn_png(seed: int = 0) -> bytes:
    pixels = np.full((200, 300, 3), 200, np.uint8)
    cv2.circle(pixels, (150, 100), 40 + seed % 40, (40, 60, 90), -1)
    pixels[0, 0] = seed
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture
def lesion(db: None) -> Lesion:
    from patients.models import Lesion, Patient, Practice, User

    practice = Practice.objects.create(name="North")
    ada = User.objects.create_user("ada", password="x", role="GP", practice=practice)
    patient = Patient.objects.create(
        practice=practice, record_number="1", family_name="A", given_names="B", birth_date=date(1970, 1, 1), sex="female", created_by=ada
    )
    return Lesion.objects.create(
        patient=patient, number=1, site_code="1", site_scheme="SCT", site_meaning="Skin of cheek", laterality="L", created_by=ada
    )


@pytest.fixture
def image(lesion: Lesion) -> Image:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from patients.capture import CaptureFields
    from patients.services import add_image

    upload = SimpleUploadedFile("x.png", drawn_png())
    return add_image(actor=lesion.created_by, lesion=lesion, upload=upload, capture=CaptureFields(modality="dermoscopic"))[0]
