"""Patients."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import LetterLanguage, Patient, Practice, User
from patients.models.records import EARLIEST_BIRTH
from patients.selectors.search import possible_duplicates
from patients.services import versions, vocabulary
from skinclinic.errors import ClinicError


class PossibleDuplicateError(ClinicError):
    """Somebody like this is registered already: a person has to look before there are two records of one patient."""

    def __init__(self, patients: list[Patient]) -> None:
        message = "This may be somebody your practice knows already. Look at the patients below before you save."
        super().__init__("possible_duplicate", message, http_status=409)
        self.patients = patients


def create_patient(
    *,
    actor: User,
    record_number: str,
    family_name: str,
    given_names: str,
    birth_date: date,
    sex: str,
    skin_type: int | None = None,
    risk_factors: Sequence[str] = (),
    address: str = "",
    letter_language: str = LetterLanguage.ENGLISH,
    somebody_else_than: Collection[object] = (),
) -> Patient:
    """`somebody_else_than`: the keys of those patients whom the actor was shown and said it is not."""
    rules.require(rules.can_edit_patients(actor))
    check_birth_date(birth_date)
    patient = Patient(
        record_number=record_number,
        family_name=family_name,
        given_names=given_names,
        birth_date=birth_date,
        sex=sex,
        skin_type=skin_type,
        risk_factors=list(risk_factors),
        address=address,
        letter_language=letter_language,
        created_by=actor,
    )
    with transaction.atomic():
        patient.practice = _locked_practice(actor)
        require_open(patient.practice)
        _check_duplicates(patient, somebody_else_than)
        patient.search_words = vocabulary.index_of(patient)
        with _record_number_refused():
            patient.save()
        vocabulary.learn(vocabulary.words_of(patient))
        audit.record(actor=actor, action="patient.create", obj=patient)
    return patient


def change_patient(
    *, actor: User, patient: Patient, version: int | None = None, somebody_else_than: Collection[object] = (), **changes: Any
) -> Patient:
    """`changes` are fields of Patient; the trail keeps their names, not their values. `version` is the one that the actor saw, by
    default that of `patient`."""
    rules.require(rules.can_edit_patients(actor))
    with transaction.atomic():
        practice = _locked_practice(actor)
        current = rules.get_for(actor, Patient.objects.select_for_update(no_key=True, of=("self",)), patient.pk)
        before, wanted = vocabulary.words_of(current), _as_wanted(current, changes)
        if wanted.birth_date != current.birth_date:
            check_birth_date(wanted.birth_date)
        seen = patient.version if version is None else version
        if seen == current.version and _is_somebody_else(current, wanted):
            wanted.practice = practice
            _check_duplicates(wanted, somebody_else_than)
        with _record_number_refused():
            derived = {"search_words": vocabulary.index_of(wanted)}
            changed = versions.save_changes(actor=actor, row=current, version=seen, changes=changes, derived=derived)
        if changed:
            vocabulary.learn(vocabulary.words_of(current), instead_of=before)
            audit.record(actor=actor, action="patient.change", obj=current, detail=versions.trace_of(current, changed))
    return current


def check_birth_date(born: date) -> None:
    if born > timezone.localdate():
        raise ClinicError("born_in_future", "This date of birth is in the future. Check the year.")
    if born < EARLIEST_BIRTH:
        raise ClinicError("born_too_early", f"Nobody born before {EARLIEST_BIRTH.year} is alive. Check the year of birth.")


def require_open(practice: Practice | None) -> None:
    if practice is None or not practice.is_open:
        message = f"{practice} is closed and takes no new patients; its records stay readable. If this is a mistake, ask the administrator."
        raise ClinicError("practice_closed", message, http_status=409)


def _locked_practice(actor: User) -> Practice:
    """Registrations of one practice take turns: two of one person at the same moment must not both find nobody."""
    return Practice.objects.select_for_update(no_key=True, of=("self",)).get(people=actor)


def _as_wanted(current: Patient, changes: dict[str, Any]) -> Patient:
    wanted = copy(current)
    for name, value in changes.items():
        setattr(wanted, name, value)
    return wanted


def _is_somebody_else(current: Patient, wanted: Patient) -> bool:
    """Corrected into what may be another person."""
    named = ("family_name", "given_names", "birth_date")
    return any(getattr(current, name) != getattr(wanted, name) for name in named)


def _check_duplicates(wanted: Patient, somebody_else_than: Collection[object]) -> None:
    found = possible_duplicates(
        wanted.practice,
        family_name=wanted.family_name,
        given_names=wanted.given_names,
        birth_date=wanted.birth_date,
        but=wanted.pk,
    )
    known = {str(key) for key in somebody_else_than}
    if any(str(one.pk) not in known for one in found):
        raise PossibleDuplicateError(found)


@contextmanager
def _record_number_refused() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "patient_record_number_unique" not in str(error):
            raise
        message = "Another patient of this practice has this record number. Check the number, or open that patient instead."
        raise ClinicError("record_number_taken", message, http_status=409) from None
