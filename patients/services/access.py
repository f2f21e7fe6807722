"""Who else may look: an administrator who gives a reason."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from patients import audit, limits
from patients import permissions as rules
from patients.models import BreakGlass, Patient, Practice, User
from patients.models.records import MIN_BREAK_GLASS_REASON
from skinclinic.errors import ClinicError


def break_glass(*, actor: User, practice: Practice, record_number: str, reason: str) -> BreakGlass:
    """Opens one record for an administrator for a short time. The reason stays on record."""
    rules.require(rules.can_break_glass(actor))
    if len(reason.strip()) < MIN_BREAK_GLASS_REASON:
        raise ClinicError("no_reason", "Give the reason in a few words; it is kept with the record.")
    patient = Patient.objects.filter(practice=practice, record_number=record_number).first()
    if patient is None:
        audit.record(actor=actor, action="patient.break-glass-failed", obj=practice)
        raise ClinicError(
            "no_such_record", "This practice has no patient with this record number. Check both and try again.", http_status=404
        )
    opened_at = timezone.now()
    expires_at = opened_at + timedelta(minutes=limits.BREAK_GLASS_MINUTES)
    with transaction.atomic():
        opened = BreakGlass.objects.create(
            admin=actor, patient=patient, reason=" ".join(reason.split()), opened_at=opened_at, expires_at=expires_at
        )
        audit.record(actor=actor, action="patient.break-glass", obj=opened, patient=patient)
    return opened
