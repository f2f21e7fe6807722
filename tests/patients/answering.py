"""What tests of answers share: what a form sends, what a service receives, and cases that somebody has taken."""

from __future__ import annotations

from typing import Any

from patients import services
from patients.models import Case, CaseStatus, User
from patients.services import Opinion
from tests.cast import Cast

ANSWER = {
    "diagnosis": "NV",
    "icd10": "D22.3",
    "certainty": "probable",
    "management": "reassure",
    "text": "A common mole.",
    "other_diagnosis": "",
    "follow_up_months": "",
    "replaces": "",
}
"""What the form sends."""


def opinion(**changes: Any) -> Opinion:
    plain: dict[str, Any] = {"diagnosis": "NV", "icd10": "D22.3", "certainty": "probable", "management": "reassure"}
    return Opinion(**plain | changes)


def taken(cast: Cast) -> Case:
    """Dana has the case."""
    services.claim_case(actor=cast.dana, case=cast.case)
    cast.case.refresh_from_db()
    return cast.case


def answered(cast: Cast, **changes: Any) -> Case:
    """Dana has signed."""
    case = taken(cast)
    services.sign_answer(actor=cast.dana, case=case, opinion=opinion(**changes))
    case.refresh_from_db()
    return case


def asked_again(cast: Cast, to: User | None = None, **changes: Any) -> Case:
    """Dana has signed and asks Emil's pool, or whoever is named, for a second opinion."""
    case = answered(cast, **changes)
    services.ask_second_opinion(actor=cast.dana, case=case, to=to or cast.pool)
    case.refresh_from_db()
    assert case.status == CaseStatus.SECOND_OPINION
    return case
