"""Answers that are signed, the histology that comes later, and one's own impression."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

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
    TextBlock,
    User,
)
from patients.selectors import who_read_an_answer
from patients.services import cases
from patients.services.holding import hold_reader
from patients.services.notifications import askers
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


class Part(StrEnum):
    """Which answer of a case somebody has to give."""

    FIRST = "first"
    SECOND = "second"


def part_of(actor: User, case: Case) -> Part | None:
    """What this dermatologist can sign now, or can replace of what they have signed; None for whoever only looks on."""
    if case.status == CaseStatus.SECOND_OPINION and cases.is_second_reader(actor, case):
        return Part.SECOND
    if case.status == CaseStatus.CLAIMED and case.claimed_by_id == actor.pk:
        return Part.FIRST
    own = own_answer(actor, case)
    return None if own is None else Part.SECOND if own.is_second else Part.FIRST


def own_answer(actor: User, case: Case) -> Answer | None:
    """What they have signed and nothing has replaced."""
    return case.answers.current().filter(signed_by=actor).first()


def save_draft(*, actor: User, case: Case, fields: dict[str, str], replaces: str | None = None) -> None:
    """Keeps what was typed so far, for its author alone; refused once another window has signed (see `sign_answer`).

    The trail notes that a draft was begun, not every few seconds of typing: nobody else ever reads it.
    """
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        seen = _locked(actor, case)
        rules.require(part_of(actor, seen) is not None)
        _check_replaces(own_answer(actor, seen), replaces)
        _, is_new = AnswerDraft.objects.update_or_create(case=seen, by=actor, defaults={"fields": fields, "saved_at": timezone.now()})
        if is_new:
            cases.trace(actor, "answer.draft", seen)


def sign_answer(*, actor: User, case: Case, opinion: Opinion, replaces: str | None = None) -> Answer:
    """The answer of whoever took the case; when there is one already, the new one supersedes it and both stay.

    `replaces` is the key of the answer that stood when the form was opened, empty for none: when another window has signed meanwhile, this
    one is told. Left out, nobody has looked before.
    """
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        hold_reader(actor)
        seen = cases.held_case(actor, _locked(actor, case))
        earlier = seen.answers.current().filter(is_second=False).first()
        _check_replaces(earlier, replaces)
        if earlier is None:
            cases.move_case(seen, CaseStatus.CLAIMED, CaseStatus.ANSWERED, answered_at=timezone.now())
        elif earlier.signed_by_id != actor.pk:
            raise ClinicError("not_yours", "Only whoever signed an answer can replace it.", http_status=403)
        answer = _sign(actor, seen, opinion, supersedes=earlier)
        kind = EventKind.SUPERSEDED if earlier else EventKind.ANSWERED
        cases.tell(seen, kind, actor, "", askers(seen), Notification.Kind.CASE_ANSWERED)
        cases.trace(actor, "answer.supersede" if earlier else "answer.sign", seen)
    return answer


def sign_second_opinion(*, actor: User, case: Case, opinion: Opinion, replaces: str | None = None) -> Answer:
    """Of several who are asked one signs, and may replace their own later; never whoever answered first.

    Whether they knew the first answer, as colleagues in one pool may, is kept with the answer and said wherever it is shown.
    """
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        hold_reader(actor)
        seen = _locked(actor, case)
        earlier = own_answer(actor, seen)
        rules.require(cases.is_second_reader(actor, seen) and (earlier is None or earlier.is_second))
        _check_replaces(earlier, replaces)
        if earlier is None:
            _end_second_opinion(seen)
        is_blind = actor.pk not in who_read_an_answer(seen)
        answer = _sign(actor, seen, opinion, supersedes=earlier, is_second=True, is_blind=is_blind)
        people = [*askers(seen), *([seen.claimed_by] if seen.claimed_by else [])]
        kind = EventKind.SUPERSEDED if earlier else EventKind.SECOND_ANSWERED
        cases.tell(seen, kind, actor, "", people, Notification.Kind.CASE_ANSWERED)
        cases.trace(actor, "answer.supersede" if earlier else "answer.second-opinion", seen)
    return answer


def _end_second_opinion(case: Case) -> None:
    given = case.answers.filter(is_second=True).first()
    if given is not None:
        message = f"{given.signed_name} has signed the second opinion already, so nothing was changed."
        raise ClinicError("second_opinion_given", message, http_status=409)
    cases.move_case(case, CaseStatus.SECOND_OPINION, CaseStatus.ANSWERED)


def _locked(actor: User, case: Case) -> Case:
    """As it stands now, and stays until the end of the transaction: windows, colleagues and drafts take turns."""
    Case.objects.select_for_update(no_key=True).filter(pk=case.pk).first()
    return cases.case_for(actor, case.pk)


def _check_replaces(current: Answer | None, replaces: str | None) -> None:
    if replaces is not None and replaces != (str(current.pk) if current else ""):
        message = "You have signed this answer in another window meanwhile, so nothing was changed. Open the case again to see it."
        raise ClinicError("answered_meanwhile", message, http_status=409)


def _sign(actor: User, case: Case, opinion: Opinion, *, supersedes: Answer | None, **kind: bool) -> Answer:
    answer = Answer.objects.create(case=case, supersedes=supersedes, signed_by=actor, signed_name=str(actor), **kind, **vars(opinion))
    AnswerDraft.objects.filter(case=case, by=actor).delete()
    return answer


def save_text_block(*, actor: User, title: str, text: str, block: TextBlock | None = None) -> TextBlock:
    """Of their own: a new one, or changed."""
    rules.require(rules.can_review(actor) and (block is None or block.owner_id == actor.pk))
    saved = block or TextBlock(owner=actor)
    saved.title, saved.text = title, text
    try:
        with transaction.atomic():
            saved.save()
            audit.record(actor=actor, action="text-block.change" if block else "text-block.create", obj=saved)
    except IntegrityError as error:
        if "text_block_title_once" not in str(error):
            raise
        message = "You have a text block with this title already. Choose another title, or change that one."
        raise ClinicError("title_taken", message, http_status=409) from None
    return saved


def delete_text_block(*, actor: User, block: TextBlock) -> None:
    rules.require(rules.can_review(actor) and block.owner_id == actor.pk)
    with transaction.atomic():
        audit.record(actor=actor, action="text-block.delete", obj=block)
        block.delete()


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
        if case is not None:
            case = rules.get_for(actor, cases.CASES.filter(lesion=seen), case.pk)
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
            people = [*askers(case), *([case.claimed_by] if case.claimed_by else [])]
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
