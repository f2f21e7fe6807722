"""What a patient agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from patients.models import Case, CaseStatus, Consent, Patient, Purpose
from patients.models.cases import UNANSWERED


@dataclass(frozen=True)
class PurposeConsents:
    """One purpose with everything that was ever recorded of it, the newest first."""

    purpose: Purpose
    history: list[Consent]

    @property
    def in_force(self) -> Consent | None:
        return next((consent for consent in self.history if consent.withdrawn_at is None), None)

    @property
    def last_withdrawn(self) -> Consent | None:
        """Said yes once and no since."""
        return self.history[0] if self.history and self.in_force is None else None


def consents_of(patient: Patient) -> list[PurposeConsents]:
    recorded = list(patient.consents.select_related("recorded_by", "withdrawn_by").order_by("-recorded_at"))
    return [PurposeConsents(purpose, [one for one in recorded if one.purpose == purpose]) for purpose in Purpose]


def cases_without_answer(patient: Patient) -> int:
    """How many would be taken back if the patient did not agree any more."""
    return Case.objects.filter(patient=patient, status__in=[CaseStatus.DRAFT, *UNANSWERED]).count()
