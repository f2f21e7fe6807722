"""Letters about a case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders

from patients import audit
from patients import permissions as rules
from patients.letters import Fonts, MachineFinding, compose_patient, compose_referrer, render
from patients.models import Case, User
from patients.models.cases import SENT
from patients.selectors import letters, owes_second_opinion
from skinclinic.errors import ClinicError

PATIENT, REFERRER = "patient", "referrer"


def write_letter(
    *, actor: User, case: Case, kind: str, language: str = "", machine: Mapping[UUID, MachineFinding] | None = None
) -> tuple[str, bytes]:
    """File name and PDF. In the patient's language, or the reader's own, unless another one is asked for; `machine` by the keys of the
    pictures, from whoever analyses them.
    """
    rules.require(rules.can_write_letters(actor))
    seen = rules.get_for(actor, letters.CASES, case.pk)
    _check(actor, seen, kind)
    content = letters.letter_content(seen, machine or {})
    if kind == PATIENT:
        document = compose_patient(content, language or seen.lesion.patient.letter_language)
    else:
        document = compose_referrer(content, language or actor.language)
    pdf = render(document, find_fonts())
    detail = {"kind": kind, "language": document.language, "answers": content.answer is not None}
    audit.record(actor=actor, action="letter.create", obj=seen, detail=detail)
    return f"letter-{seen.reference}.pdf", pdf


def _check(actor: User, case: Case, kind: str) -> None:
    if case.status not in SENT:
        raise ClinicError("no_letter", "This case is not with a dermatologist, so there is nothing to write about.", http_status=409)
    if owes_second_opinion(actor, case.lesion):
        message = "You are asked for a second opinion on this lesion. Sign it first; the letter tells what others found."
        raise ClinicError("blinded", message, http_status=403)
    if kind == PATIENT and not case.answers.exists():
        message = "Patients are written to when an answer is signed. For yourself, open the draft of the letter to the referrer."
        raise ClinicError("no_answer", message, http_status=409)


def find_fonts() -> Fonts:
    return Fonts(_static("vendor/dejavu/DejaVuSans.ttf"), _static("vendor/dejavu/DejaVuSans-Bold.ttf"))


def _static(name: str) -> Path:
    """In the checkout, or where the static files were collected."""
    found = finders.find(name)
    path = Path(found) if found else Path(settings.STATIC_ROOT) / name
    if not path.is_file():
        message = f"The font {path.name} is missing, so no letter can be written. Tell your administrator: `make vendor` fetches it."
        raise ClinicError("font_missing", message, http_status=503)
    return path
