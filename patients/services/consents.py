"""What a patient agrees to, and no longer agrees to."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import Case, CaseEvent, CaseStatus, Consent, EventKind, Patient, Purpose, User
from patients.models.cases import UNANSWERED
from skinclinic.errors import ClinicError

WITHDRAWN = "The patient withdrew the consent."


def give_consent(*, actor: User, patient: Patient, purpose: str, given_on: date) -> Consent:
    rules.require(rules.can_edit_patients(actor))
    with transaction.atomic():
        owner = rules.get_for(actor, Patient.objects.select_for_update(), patient.pk)
        if owner.consents.in_force().filter(purpose=purpose).exists():
            raise ClinicError("consent_in_force", "This consent is already on record.", http_status=409)
        consent = Consent.objects.create(patient=owner, purpose=purpose, given_on=given_on, recorded_by=actor)
        audit.record(actor=actor, action="consent.give", obj=consent, patient=owner, detail={"purpose": purpose})
    return consent


def withdraw_consent(*, actor: User, patient: Patient, purpose: str) -> None:
    """At once and for the future; what happened while it was in force stays on record.

    Without teleconsultation, and without care altogether, cases that nobody has answered are taken back.
    """
    rules.require(rules.can_edit_patients(actor))
    with transaction.atomic():
        owner = rules.get_for(actor, Patient.objects.select_for_update(), patient.pk)
        consent = owner.consents.in_force().filter(purpose=purpose).first()
        if consent is None:
            raise ClinicError("no_consent", "There is no such consent in force.", http_status=409)
        consent.withdrawn_at, consent.withdrawn_by = timezone.now(), actor
        consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
        if purpose in {Purpose.CARE, Purpose.TELECONSULTATION}:
            _take_back_cases(actor, owner)
        audit.record(actor=actor, action="consent.withdraw", obj=consent, patient=owner, detail={"purpose": purpose})


def _take_back_cases(actor: User, patient: Patient) -> None:
    for case in Case.objects.filter(lesion__patient=patient, status__in=[CaseStatus.DRAFT, *UNANSWERED]).select_for_update():
        Case.objects.move(case.pk, case.status, CaseStatus.DISCARDED, discard_reason=WITHDRAWN, asked_at=None)
        CaseEvent.objects.create(case=case, kind=EventKind.DISCARDED, by=actor, text=WITHDRAWN)


def has_consented(patient: Patient, purpose: str) -> bool:
    return patient.consents.in_force().filter(purpose=purpose).exists()


def has_withdrawn(patient: Patient, purpose: str) -> bool:
    """Said yes once and no since. Somebody who was never asked has withdrawn nothing."""
    consents = patient.consents.filter(purpose=purpose)
    return consents.exists() and not consents.in_force().exists()
