"""What a patient agrees to, and no longer agrees to."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import Case, CaseEvent, CaseStatus, Consent, EventKind, Notification, Patient, Purpose, User
from patients.models.cases import UNANSWERED
from patients.services.notifications import members, notify
from skinclinic.errors import ClinicError

WITHDRAWN = "The patient withdrew the consent."
SECOND_OPINION_WITHDRAWN = "The patient withdrew the consent, so the second opinion is not asked for any more."
ENDS_CASES = frozenset({Purpose.CARE, Purpose.TELECONSULTATION})
"""Without these nobody at a distance may go on looking."""


def give_consent(*, actor: User, patient: Patient, purpose: str, given_on: date) -> Consent:
    rules.require(rules.can_edit_patients(actor))
    _check_purpose(purpose)
    with transaction.atomic():
        owner = rules.get_for(actor, Patient.objects.select_for_update(no_key=True), patient.pk)
        _check_day(owner, given_on)
        if owner.consents.in_force().filter(purpose=purpose).exists():
            raise ClinicError("consent_in_force", "This consent is already on record.", http_status=409)
        consent = Consent.objects.create(patient=owner, purpose=purpose, given_on=given_on, recorded_by=actor)
        audit.record(actor=actor, action="consent.give", obj=consent, patient=owner, detail={"purpose": purpose})
    return consent


def withdraw_consent(*, actor: User, patient: Patient, purpose: str) -> Consent:
    """At once and for the future; what happened while it was in force stays on record.

    Without teleconsultation, and without care altogether, cases that nobody has answered are taken back.
    """
    rules.require(rules.can_edit_patients(actor))
    _check_purpose(purpose)
    with transaction.atomic():
        owner = rules.get_for(actor, Patient.objects.select_for_update(no_key=True), patient.pk)
        consent = owner.consents.in_force().filter(purpose=purpose).select_for_update().first()
        if consent is None:
            raise ClinicError("no_consent", "There is no such consent in force.", http_status=409)
        consent.withdrawn_at, consent.withdrawn_by = timezone.now(), actor
        consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
        taken_back = _take_back_cases(actor, owner) if purpose in ENDS_CASES else []
        audit.record(actor=actor, action="consent.withdraw", obj=consent, patient=owner, detail={"purpose": purpose, "cases": taken_back})
    return consent


def _take_back_cases(actor: User, patient: Patient) -> list[str]:
    """The keys of the cases that were ended. Whoever had taken one, or was to give a second opinion, is told."""
    related = ("claimed_by", "second_to_user", "second_to_pool")
    cases = (
        Case.objects.filter(lesion__patient=patient).select_related(*related).order_by("pk").select_for_update(no_key=True, of=("self",))
    )
    ended = list(cases.filter(status__in=[CaseStatus.DRAFT, *UNANSWERED, CaseStatus.SECOND_OPINION]))
    for case in ended:
        _end(case, actor)
    return [str(case.pk) for case in ended]


def _end(case: Case, actor: User) -> None:
    if case.status == CaseStatus.SECOND_OPINION:  # the first answer stands
        readers = members(case.second_target)
        Case.objects.move(case.pk, case.status, CaseStatus.ANSWERED, second_to_user=None, second_to_pool=None)
        CaseEvent.objects.create(case=case, kind=EventKind.SECOND_WITHDRAWN, by=actor, text=SECOND_OPINION_WITHDRAWN)
    else:
        readers = members(case.claimed_by)
        Case.objects.move(case.pk, case.status, CaseStatus.DISCARDED, discard_reason=WITHDRAWN, asked_at=None)
        CaseEvent.objects.create(case=case, kind=EventKind.DISCARDED, by=actor, text=WITHDRAWN)
    notify(readers, Notification.Kind.CASE_DISCARDED, case, but=actor)


def _check_purpose(purpose: str) -> None:
    if purpose not in Purpose.values:
        raise ClinicError("no_such_purpose", "Nobody is asked for this consent. Choose a purpose from the list.", http_status=404)


def _check_day(patient: Patient, given_on: date) -> None:
    if given_on > timezone.localdate():
        raise ClinicError("consent_in_future", "This date is in the future. Record a consent when the patient has given it.")
    if given_on < patient.birth_date:
        raise ClinicError("consent_before_birth", "This date lies before the patient's birth. Check the year.")


def has_consented(patient: Patient, purpose: str) -> bool:
    return patient.consents.in_force().filter(purpose=purpose).exists()


def hold_consent(patient: Patient, purpose: str) -> bool:
    """As `has_consented`, and until the end of the transaction it cannot be withdrawn: what is begun on it is seen by who withdraws."""
    return patient.consents.in_force().filter(purpose=purpose).select_for_update().first() is not None


def has_withdrawn(patient: Patient, purpose: str) -> bool:
    """Said yes once and no since. Somebody who was never asked has withdrawn nothing."""
    consents = patient.consents.filter(purpose=purpose)
    return consents.exists() and not consents.in_force().exists()


def require_care(patient: Patient) -> None:
    """Before anything new is taken or computed of a patient: whoever withdrew the consent to care is photographed no more."""
    _refuse_without_care(has_withdrawn(patient, Purpose.CARE))


def hold_care(patient: Patient) -> None:
    """As `require_care`, and until the end of the transaction the consent cannot be withdrawn."""
    _refuse_without_care(not hold_consent(patient, Purpose.CARE) and has_withdrawn(patient, Purpose.CARE))


def _refuse_without_care(is_withdrawn: bool) -> None:
    if is_withdrawn:
        message = "The patient withdrew the consent to care, so nothing new can be added. If they agree again, record that first."
        raise ClinicError("care_withdrawn", message, http_status=409)
