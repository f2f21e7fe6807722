"""Patients."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from patients import audit
from patients import permissions as rules
from patients.models import Patient, User
from skinclinic.errors import ClinicError


def create_patient(
    *, actor: User, record_number: str, family_name: str, given_names: str, birth_date: date, sex: str, skin_type: int | None = None
) -> Patient:
    rules.require(rules.can_edit_patients(actor))
    patient = Patient(
        practice=actor.practice,
        record_number=record_number,
        family_name=family_name,
        given_names=given_names,
        birth_date=birth_date,
        sex=sex,
        skin_type=skin_type,
        created_by=actor,
    )
    with transaction.atomic():
        _save(patient)
        audit.record(actor=actor, action="patient.create", obj=patient)
    return patient


def change_patient(*, actor: User, patient: Patient, **changes: Any) -> Patient:
    """`changes` are fields of Patient; the trail keeps their names, not their values."""
    rules.require(rules.can_edit_patients(actor))
    with transaction.atomic():
        current = rules.get_for(actor, Patient.objects.select_for_update(), patient.pk)
        changed = sorted(name for name, value in changes.items() if getattr(current, name) != value)
        for name in changed:
            setattr(current, name, changes[name])
        if changed:
            _save(current)
            audit.record(actor=actor, action="patient.change", obj=current, detail={"fields": changed})
    return current


def _save(patient: Patient) -> None:
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        if "patient_record_number_unique" not in str(error):
            raise
        message = "Another patient of this practice has this record number. Check the number, or open that patient instead."
        raise ClinicError("record_number_taken", message, http_status=409) from None
