"""One function for every act worth remembering."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from patients.models import AuditEntry, Case, Image, Lesion, Patient, User, Viewer, role_of


def record(*, actor: Viewer, action: str, obj: Model, patient: Patient | None = None, detail: dict[str, Any] | None = None) -> AuditEntry:
    """Adds a row in the current transaction, so that the act and its trace stand or fall together.

    The detail names fields and keys, never the values of a patient's record. The patient is found by itself for the models
    of this app and is given for those of others.
    """
    person = actor if isinstance(actor, User) else None
    return AuditEntry.objects.create(
        actor=person,
        actor_name=str(person or "nobody"),
        actor_role=role_of(actor),
        action=action,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        patient=patient or _patient_of(obj),
        detail=detail or {},
    )


def _patient_of(obj: Model) -> Patient | None:
    match obj:
        case Patient():
            return obj
        case Lesion():
            return obj.patient
        case Image():
            return obj.lesion.patient
        case Case():
            return obj.lesion.patient
    return None
