"""What the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.models import BreakGlass, Patient, Pool, Practice, role_of
from patients.sites import body_sites, site_label
from tests.cast import Cast
from tests.factories import make_case, make_image, make_lesion, make_patient, make_user

REFUSED: dict[str, Callable[[Cast], Any]] = {
    "practice_has_name": lambda _: Practice.objects.create(name=""),
    "user_role_known": lambda _: make_user("x", role="SURGEON"),
    "user_gp_has_practice without": lambda _: make_user("x", role="GP"),
    "user_gp_has_practice dermatologist": lambda cast: make_user("x", role="DERMATOLOGIST", practice=cast.north),
    "user_gp_has_practice nobody": lambda cast: make_user("x", practice=cast.north),
    "user_email_unique": lambda _: [make_user("x", email="x@example.org"), make_user("y", email="X@example.org")],
    "pool_has_name": lambda _: Pool.objects.create(name=""),
    "patient_record_number_unique": lambda cast: make_patient(cast.north, record_number="N1"),
    "patient_has_names_and_number": lambda cast: make_patient(cast.north, family_name=""),
    "patient_sex_known": lambda cast: make_patient(cast.north, sex="f"),
    "patient_skin_type_fitzpatrick": lambda cast: make_patient(cast.north, skin_type=7),
    "patient_birth_date_plausible": lambda cast: make_patient(cast.north, birth_date=date(1066, 10, 14)),
    "lesion_number_unique": lambda cast: make_lesion(cast.patient, number=1),
    "lesion_number_from_one": lambda cast: make_lesion(cast.patient, number=0),
    "lesion_laterality_known": lambda cast: make_lesion(cast.patient, laterality="X"),
    "lesion_site_coded": lambda cast: make_lesion(cast.patient, site_code=""),
    "case_has_one_target none": lambda cast: make_case(cast.free_lesion),
    "case_has_one_target both": lambda cast: make_case(cast.free_lesion, to_user=cast.emil, to_pool=cast.pool),
    "case_one_open_per_lesion": lambda cast: make_case(cast.lesion, to_user=cast.emil),
    "break_glass_ends": lambda cast: open_record(cast, minutes=-1),
    "break_glass_has_reason": lambda cast: open_record(cast, reason="because"),
    "image_once_per_lesion": lambda cast: make_image(cast.lesion, sha256=cast.image.sha256),
    "image_modality_known": lambda cast: make_image(cast.lesion, modality=""),
    "image_polarisation_known": lambda cast: make_image(cast.lesion, polarisation="x"),
    "image_contact_known": lambda cast: make_image(cast.lesion, contact="x"),
    "image_immersion_known": lambda cast: make_image(cast.lesion, immersion="x"),
    "image_magnification_positive": lambda cast: make_image(cast.lesion, magnification=0),
    "image_dimensions_positive": lambda cast: make_image(cast.lesion, width_px=0),
    "image_sha256_hex": lambda cast: make_image(cast.lesion, sha256="Z" * 64),
    "image_spacing_has_origin without": lambda cast: make_image(cast.lesion, pixel_spacing_row_mm=0.1, pixel_spacing_column_mm=0.1),
    "image_spacing_has_origin alone": lambda cast: make_image(cast.lesion, pixel_spacing_origin="dicom"),
    "image_spacing_has_origin half": lambda cast: make_image(cast.lesion, pixel_spacing_row_mm=0.1, pixel_spacing_origin="dicom"),
    "image_spacing_has_origin zero": lambda cast: make_image(
        cast.lesion, pixel_spacing_row_mm=0, pixel_spacing_column_mm=0.1, pixel_spacing_origin="dicom"
    ),
}


def open_record(cast: Cast, minutes: float = 5, reason: str = "Complaint of the 3rd") -> BreakGlass:
    now = timezone.now()
    return BreakGlass.objects.create(
        admin=cast.ines, patient=cast.patient, reason=reason, opened_at=now, expires_at=now + timedelta(minutes=minutes)
    )


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(cast: Cast, name: str) -> None:
    with pytest.raises(IntegrityError, match=name.split()[0]), transaction.atomic():
        REFUSED[name](cast)


def test_the_same_record_number_in_another_practice_is_fine(cast: Cast) -> None:
    assert make_patient(cast.south, record_number="N1").pk


def test_an_image_with_known_spacing_is_fine(cast: Cast) -> None:
    image = make_image(cast.lesion, pixel_spacing_row_mm=0.05, pixel_spacing_column_mm=0.04, pixel_spacing_origin="dicom")
    assert image.pixel_spacing_mm == (0.05, 0.04)


@pytest.mark.parametrize(("born", "years"), [(date(2000, 6, 15), 24), (date(2000, 6, 16), 23), (date(2024, 6, 15), 0)])
def test_age_counts_birthdays(monkeypatch: pytest.MonkeyPatch, born: date, years: int) -> None:
    monkeypatch.setattr("patients.models.records.timezone.localdate", lambda: date(2024, 6, 15))
    assert Patient(birth_date=born).age_years == years


def test_the_anonymous_have_no_role() -> None:
    assert role_of(AnonymousUser()) == ""


def test_body_sites_are_those_of_cid_4029() -> None:
    sites = body_sites()
    assert len(sites) == 207
    assert sites["SCT:36141000"].meaning == "Skin of cheek"
    assert [site.label for site in sites.values()] == sorted((site.label for site in sites.values()), key=str.lower)


def test_sites_read_as_people_say_them(cast: Cast) -> None:
    assert site_label("Skin of the back") == "Back"
    assert site_label("Oral mucosa") == "Oral mucosa"
    assert cast.lesion.site == "Left cheek"
    cast.lesion.laterality = "U"
    assert str(cast.lesion) == "Lesion 1: Cheek"
