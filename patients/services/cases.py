"""The life of a case, one function a move. Each is one conditional UPDATE, then its event, its notifications and its trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import Http404
from django.utils import timezone

from patients import audit, limits, queue
from patients import permissions as rules
from patients.models import (
    Case,
    CaseEvent,
    CaseStatus,
    EventKind,
    Lesion,
    Notification,
    Patient,
    Pool,
    Purpose,
    Role,
    User,
    Viewer,
    role_of,
)
from patients.services.consents import give_consent, hold_consent
from patients.services.holding import hold, hold_reader
from patients.services.notifications import askers, members, notify
from skinclinic.errors import ClinicError

Told = Notification.Kind
CASES = Case.objects.select_related("lesion__patient__practice", "by", "to_user", "to_pool", "claimed_by")

# --- the practice asks -------------------------------------------------------------------------------------------------


def draft_case(
    *, actor: User, lesion: Lesion, to: User | Pool, question: str = "", urgency: str = "routine", red_flags: list[str] | None = None
) -> Case:
    """Begins a case that only the practice sees."""
    rules.require(rules.can_refer(actor))
    with transaction.atomic():
        seen = rules.get_for(actor, Lesion.objects.select_related("patient__practice"), lesion.pk)
        _check_open(seen.patient)
        whose = {"lesion": seen, "patient": seen.patient, "practice": seen.patient.practice}
        case = _create(Case(**whose, by=actor, question=question, urgency=urgency, red_flags=red_flags or [], **_target(to)))
        trace(actor, "case.draft", case)
    return case


def change_draft(*, actor: User, case: Case, to: User | Pool, question: str, urgency: str, red_flags: list[str]) -> None:
    rules.require(rules.can_refer(actor))
    fields = {"to_user": None, "to_pool": None} | _target(to) | {"question": question, "urgency": urgency, "red_flags": red_flags}
    with transaction.atomic():
        seen = case_for(actor, case.pk)
        if not Case.objects.filter(pk=seen.pk, status=CaseStatus.DRAFT).update(**fields):
            raise _moved_on(seen)
        trace(actor, "case.change", seen)


def discard_draft(*, actor: User, case: Case) -> None:
    """Nobody but the practice has seen it, so nobody needs a reason."""
    rules.require(rules.can_refer(actor))
    with transaction.atomic():
        seen = case_for(actor, case.pk)
        move_case(seen, CaseStatus.DRAFT, CaseStatus.DISCARDED, discard_reason="The draft was never sent.")
        trace(actor, "case.discard", seen)


def send_case(*, actor: User, case: Case, agrees_today: bool = False) -> None:
    """Into the queue. The patient has agreed to it, at the latest today, and there is something to look at."""
    rules.require(rules.can_refer(actor))
    with transaction.atomic():
        seen = case_for(actor, case.pk)
        _lock(seen.lesion)
        if agrees_today and not hold_consent(seen.lesion.patient, Purpose.TELECONSULTATION):
            day = timezone.localdate()
            give_consent(actor=actor, patient=seen.lesion.patient, purpose=Purpose.TELECONSULTATION, given_on=day)
        _check_ready(seen)
        now = timezone.now()
        due_at = queue.due_at(now, seen.urgency, limits.SLA_HOURS)
        score, alert = _checklist_score(seen.lesion), _alert_of(seen.lesion)
        place = queue.stands_at(queue.Facts(due_at, tuple(seen.red_flags), score, alert))
        known = {"checklist_score": score, "alert": alert, "due_at": due_at, "stands_at": place}
        move_case(seen, CaseStatus.DRAFT, CaseStatus.WAITING, sent_at=now, **known)
        tell(seen, EventKind.SENT, actor, "", members(seen.target), Told.CASE_SENT)
        trace(actor, "case.send", seen, to=seen.target)


def refer_lesion(
    *,
    actor: User,
    lesion: Lesion,
    to: User | Pool,
    question: str = "",
    urgency: str = "routine",
    red_flags: list[str] | None = None,
    agrees_today: bool = False,
) -> Case:
    """Drafts a case and sends it, both or neither."""
    with transaction.atomic():
        case = draft_case(actor=actor, lesion=lesion, to=to, question=question, urgency=urgency, red_flags=red_flags)
        send_case(actor=actor, case=case, agrees_today=agrees_today)
        case.refresh_from_db()
    return case


def readdress_case(*, actor: User, case: Case, to: User | Pool) -> None:
    """To somebody else while nobody has taken it, for one because whoever it was sent to has left. It keeps its place."""
    rules.require(rules.can_refer(actor))
    with transaction.atomic():
        seen = case_for(actor, case.pk)
        if to == seen.target:
            raise ClinicError("same_target", f"The case is addressed to {to} already. Choose somebody else.")
        names = {"to_user": None, "to_pool": None} | _target(to)
        if not Case.objects.filter(pk=seen.pk, status=CaseStatus.WAITING).update(**names):
            raise _moved_on(seen)
        tell(seen, EventKind.READDRESSED, actor, f"From {seen.target} to {to}.", members(to), Told.CASE_SENT)
        trace(actor, "case.readdress", seen, to=to)


def reply_to_question(*, actor: User, case: Case, text: str) -> None:
    """The practice answers; the time it took does not count against the dermatologist.

    The case goes back to whoever asked, or into the queue when they can take nothing any more.
    """
    rules.require(rules.can_refer(actor))
    _need(text, "Write the information that was asked for.")
    with transaction.atomic():
        asker, seen = _asker_and_case(actor, case)
        waited = timezone.now() - F("asked_at")
        moved_on = {name: F(name) + waited for name in ("due_at", "stands_at", "paused")}
        if asker is not None and role_of(asker) == Role.DERMATOLOGIST and is_first_reader(asker, seen):
            move_case(seen, CaseStatus.INFO_ASKED, CaseStatus.CLAIMED, asked_at=None, **moved_on)
            told, kind = members(asker), Told.INFO_GIVEN
        else:
            free = {"claimed_by": None, "claimed_at": None}
            move_case(seen, CaseStatus.INFO_ASKED, CaseStatus.WAITING, asked_at=None, **free, **moved_on)
            told, kind = members(seen.target), Told.CASE_SENT
        tell(seen, EventKind.REPLIED, actor, text, told, kind)
        trace(actor, "case.reply", seen)


def _asker_and_case(actor: User, case: Case) -> tuple[User | None, Case]:
    """Whoever asked, as they are now and until the end of the transaction, and then the case."""
    asked_by = case_for(actor, case.pk).claimed_by
    asker = hold(asked_by).get(asked_by.pk) if asked_by else None
    seen = _locked(actor, case)
    if seen.claimed_by_id != (asked_by.pk if asked_by else None):  # taken by somebody else meanwhile: another question, if any
        raise _moved_on(seen)
    return asker, seen


def close_case(*, actor: User, case: Case) -> None:
    """The practice has taken note of the answer."""
    rules.require(rules.can_refer(actor))
    with transaction.atomic():
        seen = case_for(actor, case.pk)
        move_case(seen, CaseStatus.ANSWERED, CaseStatus.CLOSED, closed_at=timezone.now())
        tell(seen, EventKind.CLOSED, actor, "")
        trace(actor, "case.close", seen)


# --- the dermatologist takes ---------------------------------------------------------------------------------------------


def claim_case(*, actor: User, case: Case) -> None:
    """Of two who claim at the same moment one has it and the other is told who."""
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        hold_reader(actor)
        seen = _locked(actor, case)  # nobody addresses it to somebody else between the question and the claim
        rules.require(seen.status != CaseStatus.WAITING or is_first_reader(actor, seen))
        move_case(seen, CaseStatus.WAITING, CaseStatus.CLAIMED, claimed_by=actor, claimed_at=timezone.now())
        tell(seen, EventKind.CLAIMED, actor, "")
        trace(actor, "case.claim", seen)


def claim_next(*, actor: User) -> Case | None:
    """Takes the case that stands first; those that somebody else takes at the same moment are passed by. None: the queue is empty."""
    rules.require(rules.can_review(actor))
    while (pk := Case.objects.queue_of(actor).in_order().values_list("pk", flat=True).first()) is not None:
        case = CASES.get(pk=pk)
        try:
            claim_case(actor=actor, case=case)
        except Http404:  # addressed to somebody else since it was looked up
            continue
        except ClinicError as refusal:
            if refusal.http_status not in {403, 409, 410}:
                raise
            rules.require(rules.can_review(User.objects.get(pk=actor.pk)))  # or nothing of the queue could ever be taken
            continue  # taken, withdrawn or addressed to somebody else at the same moment
        return case
    return None


def release_case(*, actor: User, case: Case) -> None:
    """Back into the queue, to the place it had."""
    with transaction.atomic():
        seen = held_case(actor, case)
        move_case(seen, CaseStatus.CLAIMED, CaseStatus.WAITING, claimed_by=None, claimed_at=None)
        tell(seen, EventKind.RELEASED, actor, "")
        trace(actor, "case.release", seen)


def ask_for_information(*, actor: User, case: Case, text: str) -> None:
    _need(text, "Write what you would like to know.")
    with transaction.atomic():
        seen = held_case(actor, case)
        move_case(seen, CaseStatus.CLAIMED, CaseStatus.INFO_ASKED, asked_at=timezone.now())
        tell(seen, EventKind.ASKED, actor, text, askers(seen), Told.INFO_ASKED)
        trace(actor, "case.ask", seen)


def discard_case(*, actor: User, case: Case, reason: str) -> None:
    """Ends a case without an answer: the practice what waits for somebody or for itself, the dermatologist what they have taken."""
    rules.require(rules.can_refer(actor) or rules.can_review(actor))
    _need(reason, "Give the reason; the other side reads it.")
    with transaction.atomic():
        seen = case_for(actor, case.pk) if rules.can_refer(actor) else held_case(actor, case)
        sources = [CaseStatus.DRAFT, CaseStatus.WAITING, CaseStatus.INFO_ASKED] if rules.can_refer(actor) else [CaseStatus.CLAIMED]
        move_case(seen, sources, CaseStatus.DISCARDED, discard_reason=" ".join(reason.split())[:500], asked_at=None)
        told = members(seen.claimed_by) if rules.can_refer(actor) else askers(seen)
        tell(seen, EventKind.DISCARDED, actor, reason, told, Told.CASE_DISCARDED)
        trace(actor, "case.discard", seen)


def ask_second_opinion(*, actor: User, case: Case, to: User | Pool, text: str = "") -> None:
    """From whoever answered, to somebody who does not see that answer before their own is signed. The patient still agrees to it."""
    rules.require(rules.can_review(actor))
    with transaction.atomic():
        hold_reader(actor, *members(to))
        to = User.objects.get(pk=to.pk) if isinstance(to, User) else to
        # Before the case, as whoever withdraws the consent takes them in this order too.
        agrees = hold_consent(case_for(actor, case.pk).lesion.patient, Purpose.TELECONSULTATION)
        seen = held_case(actor, case)
        if not agrees:
            message = "The patient no longer agrees to be shown to a dermatologist at a distance, so nobody else can be asked."
            raise ClinicError("no_consent", message, http_status=409)
        if seen.answers.filter(is_second=True).exists():
            raise ClinicError("second_opinion_given", "This case has a second opinion already.", http_status=409)
        names = {"second_to_user": None, "second_to_pool": None} | {f"second_{name}": value for name, value in _target(to).items()}
        if not [reader for reader in members(to) if reader != actor and role_of(reader) == Role.DERMATOLOGIST]:
            raise ClinicError("own_opinion", "A second opinion comes from somebody else. Choose another dermatologist or a pool.")
        move_case(seen, CaseStatus.ANSWERED, CaseStatus.SECOND_OPINION, **names)
        tell(seen, EventKind.SECOND_ASKED, actor, text, members(to), Told.SECOND_OPINION)
        trace(actor, "case.second-opinion", seen, to=to)


def withdraw_second_opinion(*, actor: User, case: Case) -> None:
    """It is no longer needed, or whoever was asked does not answer: the first answer stands alone. By either side.

    Whoever was asked sees the case no more.
    """
    rules.require(rules.can_refer(actor) or rules.can_review(actor))
    with transaction.atomic():
        seen = case_for(actor, case.pk) if rules.can_refer(actor) else held_case(actor, case)
        move_case(seen, CaseStatus.SECOND_OPINION, CaseStatus.ANSWERED, second_to_user=None, second_to_pool=None)
        tell(seen, EventKind.SECOND_WITHDRAWN, actor, "")
        trace(actor, "case.second-opinion-withdraw", seen)


# --- what the moves share -----------------------------------------------------------------------------------------------


def case_for(viewer: Viewer, pk: UUID) -> Case:
    """As far as this person may see it; otherwise 404. Whoever it was sent to is told that it has ended, and why."""
    try:
        return rules.get_for(viewer, CASES, pk)
    except Http404:
        ended = Case.objects.ended_before(viewer).filter(pk=pk).first()
        if ended is None:
            raise
    message = f"This case was withdrawn, or ended without an answer, and is not shown any more. The reason given: {ended.discard_reason}"
    raise ClinicError("case_ended", message, http_status=410)


def is_first_reader(viewer: User, case: Case) -> bool:
    """Addressed to them, not for the second opinion alone."""
    return case.to_user_id == viewer.pk or (case.to_pool is not None and case.to_pool.members.filter(pk=viewer.pk).exists())


def is_second_reader(viewer: User, case: Case) -> bool:
    """Somebody else than whoever answered first."""
    if case.claimed_by_id == viewer.pk:
        return False
    pool = case.second_to_pool
    return case.second_to_user_id == viewer.pk or (pool is not None and pool.members.filter(pk=viewer.pk).exists())


def held_case(actor: User, case: Case) -> Case:
    """The case as this dermatologist has taken it, locked until the end of the transaction; anybody else is told who has."""
    rules.require(rules.can_review(actor))
    seen = _locked(actor, case)
    if seen.claimed_by_id != actor.pk:
        raise _moved_on(seen) if seen.claimed_by_id else ClinicError("not_claimed", "Take the case first.", http_status=409)
    return seen


def _locked(actor: User, case: Case) -> Case:
    """As it stands now, until the end of the transaction. Whoever could see it a moment ago is told what became of it, not 404."""
    case_for(actor, case.pk)
    Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    return CASES.get(pk=case.pk)  # read after the lock: a query that waits for it brings what was joined as it was before


def move_case(case: Case, source: str | Sequence[str], target: str, **fields: Any) -> None:
    """The conditional UPDATE; ClinicError 409 with what became of the case when somebody was faster."""
    if not Case.objects.move(case.pk, source, target, **fields):
        raise _moved_on(case)


def tell(case: Case, kind: EventKind, by: User, text: str, people: list[User] | None = None, told: Told | None = None) -> None:
    CaseEvent.objects.create(case=case, kind=kind, by=by, text=text.strip())
    if people and told:
        notify(people, told, case, but=by)


def _moved_on(case: Case) -> ClinicError:
    current = CASES.get(pk=case.pk)
    holder = f" by {current.claimed_by}" if current.claimed_by else ""
    return ClinicError(
        "case_moved_on", f"This case is {current.get_status_display()}{holder} by now, so nothing was changed.", http_status=409
    )


def _create(case: Case) -> Case:
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as error:
        if "case_one_open_per_lesion" not in str(error):
            raise
        message = "This lesion has an open case already. Open that one, or close it first."
        raise ClinicError("already_referred", message, http_status=409) from None
    return case


def readers(to: User | Pool) -> list[User]:
    """Those behind a target who can answer."""
    return [person for person in members(to) if role_of(person) == Role.DERMATOLOGIST]


def _target(to: User | Pool) -> dict[str, User | Pool]:
    if isinstance(to, User) and not readers(to):
        raise ClinicError("no_dermatologist", "A lesion can only be referred to an active dermatologist. Choose one from the list.")
    if not readers(to):
        raise ClinicError("empty_pool", f"Nobody reads the cases of {to} at present. Choose another pool or a dermatologist.")
    return {"to_user": to} if isinstance(to, User) else {"to_pool": to}


def _lock(lesion: Lesion) -> None:
    """Consents, pictures' alerts and the sending of a case take turns: what is read after this cannot change before the case is sent."""
    Patient.objects.select_for_update(no_key=True).get(pk=lesion.patient_id)
    Lesion.objects.select_for_update(no_key=True).get(pk=lesion.pk)


def _check_open(patient: Patient) -> None:
    if not patient.practice.is_open:
        raise ClinicError("practice_closed", f"{patient.practice} is closed and sends no cases any more.")


def _check_ready(case: Case) -> None:
    _check_open(case.lesion.patient)
    if case.target:
        _target(case.target)  # whoever a draft was addressed to may have left
    if not hold_consent(case.lesion.patient, Purpose.TELECONSULTATION):
        message = "The patient's consent to teleconsultation is not on record. Record it on the patient's page, then send the case."
        raise ClinicError("no_consent", message)
    if not case.lesion.images.exists():
        raise ClinicError("no_image", "There is no picture of this lesion yet. Add one, then send the case.")


def _checklist_score(lesion: Lesion) -> int | None:
    newest = lesion.checklists.first()
    return newest.score if newest else None


def _alert_of(lesion: Lesion) -> float | None:
    return queue.highest(lesion.images.values_list("alert", flat=True))


def _need(text: str, message: str) -> None:
    if not text.strip():
        raise ClinicError("text_missing", message)


def trace(actor: User, action: str, case: Case, *, to: User | Pool | None = None) -> None:
    detail = {"to": to._meta.model_name, "to_id": to.pk} if to else {}
    audit.record(actor=actor, action=action, obj=case, patient=case.lesion.patient, detail=detail)
