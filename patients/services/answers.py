"""Answers that are signed, the histology that comes later, and one's own impression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import (
    Answer,
    AnswerDraft,
    Case,
    CaseStatus,
    EventKind,
    Histology,
    Image,
    Impression,
    Lesion,
    Notification,
    User,
)
from patients.services import cases
from skinclinic.errors import ClinicError


@dataclass(frozen=True)
class Opinion:
    """What an answer says."""

    diagnosis: str
    icd10: str
    certainty: str
    management: str
    follow_up_months: int | None = None
    other_diagnosis: str = ""
    text: str = ""


def save_draft(*, actor: User, case: Case, fields: dict[str, str]) -> None:
    """Keeps what was typed so far, for its author alone."""
    rules.require(rules.can_review(actor))
    seen = rules.get_for(actor, cases.CASES, case.pk)
    AnswerDraft.objects.update_or_create(case=seen, by=actor, defaults={"fields": fields, "saved_at": timezone.now()})


def sign_answer(*, actor: User, case: Case, opinion: Opinion) -> Answer:
    """The answer of whoever took the case; when there is one already, the new one supersedes it and both stay."""
    with transaction.atomic():
        seen = cases.held_case(actor, case)
        Case.objects.select_for_update().get(pk=seen.pk)  # two windows of one dermatologist take turns
        earlier = seen.answers.current().filter(is_second=False).first()
        if earlier is None:
            cases.move_case(seen, CaseStatus.CLAIMED, CaseStatus.ANSWERED, answered_at=timezone.now())
        elif earlier.signed_by_id != actor.pk:
            raise ClinicError("not_yours", "Only whoever signed an answer can replace it.", http_status=403)
        answer = _sign(actor, seen, opinion, supersedes=earlier)
        kind = EventKind.SUPERSEDED if earlier else EventKind.ANSWERED
        cases.tell(seen, kind, actor, "", [seen.by], Notification.Kind.CASE_ANSWERED)
        cases.trace(actor, "answer.supersede" if earlier else "answer.sign", seen)
    return answer


def sign_second_opinion(*, actor: User, case: Case, opinion: Opinion) -> Answer:
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        seen = rules.get_for(actor, cases.CASES, case.pk)
        rules.require(cases.is_second_reader(actor, seen))
        cases.move_case(seen, CaseStatus.SECOND_OPINION, CaseStatus.ANSWERED)
        answer = _sign(actor, seen, opinion, is_second=True)
        people = [seen.by, *([seen.claimed_by] if seen.claimed_by else [])]
        cases.tell(seen, EventKind.SECOND_ANSWERED, actor, "", people, Notification.Kind.CASE_ANSWERED)
        cases.trace(actor, "answer.second-opinion", seen)
    return answer


def _sign(actor: User, case: Case, opinion: Opinion, *, supersedes: Answer | None = None, is_second: bool = False) -> Answer:
    answer = Answer.objects.create(
        case=case, is_second=is_second, supersedes=supersedes, signed_by=actor, signed_name=str(actor), **vars(opinion)
    )
    AnswerDraft.objects.filter(case=case, by=actor).delete()
    return answer


def record_histology(
    *,
    actor: User,
    lesion: Lesion,
    diagnosis: str,
    reported_on: date,
    other_diagnosis: str = "",
    breslow_mm: Decimal | None = None,
    text: str = "",
    case: Case | None = None,
) -> Histology:
    """What the pathologist found. A correction is another row; the newest counts."""
    rules.require(rules.can_record_histology(actor))
    with transaction.atomic():
        seen = rules.get_for(actor, Lesion.objects.select_related("patient"), lesion.pk)
        histology = Histology.objects.create(
            lesion=seen,
            case=case,
            diagnosis=diagnosis,
            other_diagnosis=other_diagnosis,
            breslow_mm=breslow_mm,
            reported_on=reported_on,
            text=text,
            by=actor,
        )
        if case is not None:
            people = [case.by, *([case.claimed_by] if case.claimed_by else [])]
            cases.tell(case, EventKind.HISTOLOGY, actor, "", people, Notification.Kind.HISTOLOGY)
        audit.record(actor=actor, action="histology.record", obj=histology, patient=seen.patient)
    return histology


def record_impression(*, actor: User, image: Image, diagnosis: str, certainty: str) -> Impression:
    """Once for each picture and person: the first thought is the one that counts."""
    rules.require(rules.can_give_impression(actor))
    seen = rules.get_for(actor, Image.objects.select_related("lesion__patient"), image.pk)
    try:
        with transaction.atomic():
            impression = Impression.objects.create(image=seen, by=actor, diagnosis=diagnosis, certainty=certainty)
            audit.record(actor=actor, action="impression.give", obj=impression, patient=seen.lesion.patient)
    except IntegrityError as error:
        if "impression_one_each" not in str(error):
            raise
        raise ClinicError("impression_given", "Your impression of this picture is already kept.", http_status=409) from None
    return impression


def must_give_impression(viewer: User, image: Image) -> bool:
    """The practice asks for it, and this clinician has not said yet. Administrators treat nobody and are not asked."""
    asks = image.lesion.patient.practice.asks_impression
    return asks and rules.can_give_impression(viewer) and not image.impressions.filter(by=viewer).exists()
