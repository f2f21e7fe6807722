"""The writing services, called as programs call them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.http import Http404
from django.utils import timezone

from patients import limits, services
from patients.models import AuditEntry, BreakGlass, Case, Lesion, Patient
from patients.sites import body_sites
from skinclinic.errors import ClinicError
from tests.cast import Cast

CHEEK = body_sites()["SCT:36141000"]
NEW: dict[str, Any] = {"record_number": "N9", "family_name": "Dale", "given_names": "Rue", "birth_date": date(1980, 2, 3), "sex": "female"}


def test_a_patient_belongs_to_the_practice_of_whoever_registers_them(cast: Cast) -> None:
    patient = services.create_patient(actor=cast.cleo, **NEW)
    assert (patient.practice, patient.created_by) == (cast.south, cast.cleo)


def test_another_mistake_of_the_database_is_not_called_a_taken_number(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        services.create_patient(actor=cast.ada, **NEW | {"sex": "?"})


def test_saving_without_a_change_leaves_no_trace(cast: Cast) -> None:
    services.change_patient(actor=cast.ada, patient=cast.patient, family_name=cast.patient.family_name)
    assert not AuditEntry.objects.exists()


def test_a_colleague_may_change_a_patient_another_practice_may_not(cast: Cast) -> None:
    services.change_patient(actor=cast.ben, patient=cast.patient, family_name="Archer-Bell")
    with pytest.raises(Http404):
        services.change_patient(actor=cast.cleo, patient=cast.patient, family_name="Clay")
    cast.patient.refresh_from_db()
    assert cast.patient.family_name == "Archer-Bell"


def test_lesions_are_numbered_by_patient(cast: Cast) -> None:
    numbers = [services.add_lesion(actor=cast.ada, patient=cast.patient, site=CHEEK, laterality="L").number for _ in range(2)]
    assert numbers == [3, 4]
    other = services.add_lesion(actor=cast.ada, patient=cast.other_patient, site=CHEEK, laterality="U", note="itches")
    assert (other.number, other.site_code, other.site_scheme, other.site_meaning) == (2, "36141000", "SCT", "Skin of cheek")


def test_a_referral_shows_the_lesion(cast: Cast) -> None:
    services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.pool, question="Excise?")
    assert cast.free_lesion in Lesion.objects.visible_to(cast.emil)


@pytest.mark.parametrize("name", ["ben", "ines", "theo"])
def test_lesions_are_referred_to_dermatologists_alone(cast: Cast, name: str) -> None:
    with pytest.raises(ClinicError) as refused:
        services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.people[name])
    assert refused.value.code == "no_dermatologist"


def test_lesions_are_not_referred_to_somebody_who_left(cast: Cast) -> None:
    cast.emil.is_active = False
    with pytest.raises(ClinicError):
        services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.emil)


def test_the_glass_stays_broken_for_as_long_as_set(cast: Cast) -> None:
    opened = services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint\n of the 3rd")
    assert opened.reason == "Complaint of the 3rd"
    assert opened.expires_at - opened.opened_at == timedelta(minutes=limits.BREAK_GLASS_MINUTES)
    assert opened.expires_at > timezone.now()


def test_a_guessed_record_number_leaves_a_trace(cast: Cast) -> None:
    with pytest.raises(ClinicError):
        services.break_glass(actor=cast.ines, practice=cast.north, record_number="X1", reason="Complaint of the 3rd")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == ("patient.break-glass-failed", cast.ines, str(cast.north.pk))
    assert "X1" not in str(entry.detail)


@pytest.mark.parametrize("reason", ["", "   \n   \n   \n  ", "too short"])
def test_spaces_are_no_reason(cast: Cast, reason: str) -> None:
    with pytest.raises(ClinicError) as refused:
        services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason=reason)
    assert refused.value.code == "no_reason"


@pytest.mark.parametrize("name", ["dana", "emil", "ines", "theo"])
def test_writing_is_for_gps(cast: Cast, name: str) -> None:
    actor, before = cast.people[name], counts()
    writes = [
        lambda: services.create_patient(actor=actor, **NEW),
        lambda: services.change_patient(actor=actor, patient=cast.patient, family_name="X"),
        lambda: services.add_lesion(actor=actor, patient=cast.patient, site=CHEEK, laterality="L"),
        lambda: services.refer_lesion(actor=actor, lesion=cast.free_lesion, to=cast.emil),
    ]
    assert [status_of_refusal(write) for write in writes] == [403] * 4
    assert counts() == before


@pytest.mark.parametrize("name", ["ada", "cleo", "dana", "theo"])
def test_breaking_the_glass_is_for_admins(cast: Cast, name: str) -> None:
    before = counts()
    refused = status_of_refusal(
        lambda: services.break_glass(actor=cast.people[name], practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    )
    assert (refused, counts()) == (403, before)


def status_of_refusal(write: Any) -> int:
    with pytest.raises(ClinicError) as refused:
        write()
    return refused.value.http_status


def counts() -> list[int]:
    return [model._default_manager.count() for model in (Patient, Lesion, Case, BreakGlass, AuditEntry)]
