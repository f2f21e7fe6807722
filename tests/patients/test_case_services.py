"""The life of a case: every move, who may make it, what it leaves behind, and what a refusal leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.http import Http404
from django.utils import timezone

from patients import limits, queue, selectors, services
from patients.models import AuditEntry, Case, CaseEvent, CaseStatus, Notification, Pool, Purpose, Role
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import WHEN, make_case, make_image, make_lesion, make_user

D, W, C, I, A, S, X, G = (  # noqa: E741 - the columns of the table below
    CaseStatus.DRAFT,
    CaseStatus.WAITING,
    CaseStatus.CLAIMED,
    CaseStatus.INFO_ASKED,
    CaseStatus.ANSWERED,
    CaseStatus.SECOND_OPINION,
    CaseStatus.CLOSED,
    CaseStatus.DISCARDED,
)
POSSIBLE = {(D, W), (D, G), (W, C), (W, G), (C, W), (C, I), (C, A), (C, G), (I, C), (I, W), (I, G), (A, S), (A, X), (S, A)}
OPINION = services.Opinion("MEL", "C43.3", "certain", "excise")


def clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """Every moment that a service writes is that of `timezone.now`, so one hand moves the whole clock."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


def state(case: Case) -> dict[str, Any]:
    return dict(Case.objects.filter(pk=case.pk).values().get())


def told(case: Case) -> list[tuple[str, str]]:
    return sorted(case.notifications.values_list("to__username", "kind"))


def kinds(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case=case).order_by("at", "id").values_list("kind", flat=True))


def refusal(act: Callable[[], Any]) -> ClinicError:
    with pytest.raises(ClinicError) as refused:
        act()
    return refused.value


# --- The table of moves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", CaseStatus.values)
@pytest.mark.parametrize("source", CaseStatus.values)
def test_every_pair_of_states(cast: Cast, source: str, target: str) -> None:
    case = make_case(cast.free_lesion, source, to_user=cast.dana, second_to_user=cast.emil)
    fields = {
        name: value for name, value in state(Case(pk=make_twin(cast, target).pk)).items() if name not in {"id", "lesion_id", "status"}
    }
    if (source, target) in POSSIBLE:
        assert Case.objects.move(case.pk, source, target, **fields)
        assert not Case.objects.move(case.pk, source, target, **fields), "the second of two is told that it came too late"
    else:
        with pytest.raises(ValueError, match="cannot move"):
            Case.objects.move(case.pk, source, target, **fields)
    assert state(case)["status"] == (target if (source, target) in POSSIBLE else source)


def make_twin(cast: Cast, status: str) -> Case:
    """Another lesion's case in that state, to borrow the fields from that the state needs."""
    return make_case(make_lesion(cast.other_patient), status, to_user=cast.dana, second_to_user=cast.emil)


# --- The practice asks ------------------------------------------------------------------------------------------------


def test_a_draft_is_the_practices_own(cast: Cast) -> None:
    case = services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    assert not Case.objects.visible_to(cast.dana).filter(pk=case.pk)
    assert Case.objects.visible_to(cast.ben).filter(pk=case.pk)
    assert (told(case), kinds(case)) == ([], [])


def test_a_draft_is_changed_sent_or_thrown_away(cast: Cast) -> None:
    case = services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    services.change_draft(actor=cast.ben, case=case, to=cast.pool, question="Excise?", urgency="soon", red_flags=["bleeding"])
    case.refresh_from_db()
    assert (case.to_user, case.to_pool, case.question, case.urgency, case.red_flags) == (None, cast.pool, "Excise?", "soon", ["bleeding"])
    services.discard_draft(actor=cast.ada, case=case)
    assert state(case)["status"] == CaseStatus.DISCARDED
    late = refusal(lambda: services.send_case(actor=cast.ada, case=case))
    assert (late.code, late.http_status) == ("case_moved_on", 409)


def test_what_was_sent_is_no_draft_any_more(cast: Cast) -> None:
    before = state(cast.case)
    change: dict[str, Any] = {"to": cast.emil, "question": "x", "urgency": "urgent", "red_flags": []}
    assert refusal(lambda: services.change_draft(actor=cast.ada, case=cast.case, **change)).code == "case_moved_on"
    assert refusal(lambda: services.discard_draft(actor=cast.ada, case=cast.case)).code == "case_moved_on"
    assert state(cast.case) == before


def test_sending_gives_a_due_time_and_a_place(cast: Cast) -> None:
    cast.free_lesion.checklists.create(
        by=cast.ada, change_in_size=True, irregular_shape=True, irregular_colour=False, diameter_7_mm=True, inflammation=False,
        oozing=False, change_in_sensation=False,
    )  # fmt: skip
    services.raise_alert(image=cast.free_image, alert=0.5)
    case = services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.pool, urgency="urgent", red_flags=["growing"])
    assert case.sent_at
    assert case.due_at == case.sent_at + timedelta(hours=limits.SLA_HOURS["urgent"])
    assert (case.checklist_score, case.alert) == (5, 0.5)
    assert case.stands_at == queue.stands_at(queue.Facts(case.due_at, ("growing",), 5, 0.5)) == case.due_at - timedelta(hours=24 + 40 + 36)
    assert told(case) == [("emil", "case_sent")]
    assert kinds(case) == ["sent"]


def test_without_consent_nothing_is_sent(cast: Cast) -> None:
    services.withdraw_consent(actor=cast.ada, patient=cast.other_patient, purpose=Purpose.TELECONSULTATION)
    refused = refusal(lambda: services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana))
    assert refused.code == "no_consent"
    assert not Case.objects.filter(lesion=cast.free_lesion).exists()


def test_the_patient_may_agree_today(cast: Cast) -> None:
    services.withdraw_consent(actor=cast.ada, patient=cast.other_patient, purpose=Purpose.TELECONSULTATION)
    case = services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana, agrees_today=True)
    consent = cast.other_patient.consents.in_force().get(purpose=Purpose.TELECONSULTATION)
    assert (consent.given_on, consent.recorded_by, case.status) == (timezone.localdate(), cast.ada, CaseStatus.WAITING)


def test_a_consent_that_is_there_is_not_recorded_twice(cast: Cast) -> None:
    services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana, agrees_today=True)
    assert cast.other_patient.consents.count() == 1


def test_without_a_picture_nothing_is_sent_and_no_consent_is_kept(cast: Cast) -> None:
    services.withdraw_consent(actor=cast.ada, patient=cast.other_patient, purpose=Purpose.TELECONSULTATION)
    bare = make_lesion(cast.other_patient)
    assert refusal(lambda: services.refer_lesion(actor=cast.ada, lesion=bare, to=cast.dana, agrees_today=True)).code == "no_image"
    assert not cast.other_patient.consents.in_force().exists()


def test_a_pool_that_nobody_reads_is_refused(cast: Cast) -> None:
    empty = Pool.objects.create(name="Nobody")
    empty.members.add(make_user("gone", role=Role.DERMATOLOGIST, is_active=False))
    assert refusal(lambda: services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=empty)).code == "empty_pool"


def test_a_closed_practice_sends_nothing(cast: Cast) -> None:
    draft = services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    type(cast.north).objects.update(is_open=False)
    assert refusal(lambda: services.send_case(actor=cast.ada, case=draft)).code == "practice_closed"
    assert refusal(lambda: services.refer_lesion(actor=cast.ada, lesion=make_lesion(cast.patient), to=cast.dana)).code == "practice_closed"


def test_a_case_is_readdressed_while_it_waits_and_keeps_its_place(cast: Cast) -> None:
    before = state(cast.case)
    services.readdress_case(actor=cast.ben, case=cast.case, to=cast.pool)
    after = state(cast.case)
    assert {name for name in after if after[name] != before[name]} == {"to_user_id", "to_pool_id"}
    assert told(cast.case) == [("emil", "case_sent")]
    assert CaseEvent.objects.get(case=cast.case).text == "From Dana to Moles."
    assert not Case.objects.visible_to(cast.dana).filter(pk=cast.case.pk)


def test_a_case_is_not_readdressed_to_the_same_or_under_the_hand(cast: Cast) -> None:
    assert refusal(lambda: services.readdress_case(actor=cast.ada, case=cast.case, to=cast.dana)).code == "same_target"
    services.claim_case(actor=cast.dana, case=cast.case)
    moved_on = refusal(lambda: services.readdress_case(actor=cast.ada, case=cast.case, to=cast.pool))
    assert "under review by Dana" in moved_on.message
    assert state(cast.case)["to_user_id"] == cast.dana.pk


# --- Taking, giving back ----------------------------------------------------------------------------------------------


def test_whoever_comes_second_is_told_who_has_it(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    services.claim_case(actor=cast.emil, case=cast.pooled_case)
    late = refusal(lambda: services.claim_case(actor=cast.dana, case=cast.pooled_case))
    assert (late.http_status, "Emil" in late.message) == (409, True)
    assert state(cast.pooled_case)["claimed_by_id"] == cast.emil.pk


def test_a_second_reader_cannot_claim(cast: Cast) -> None:
    case = make_case(cast.free_lesion, CaseStatus.WAITING, to_user=cast.dana, second_to_user=cast.emil)
    assert refusal(lambda: services.claim_case(actor=cast.emil, case=case)).http_status == 403
    assert state(case)["status"] == CaseStatus.WAITING


def test_releasing_keeps_the_place(cast: Cast) -> None:
    before = state(cast.case)
    services.claim_case(actor=cast.dana, case=cast.case)
    services.release_case(actor=cast.dana, case=cast.case)
    assert state(cast.case) == before
    assert kinds(cast.case) == ["claimed", "released"]


def test_the_next_case_is_the_first_in_the_queue(cast: Cast) -> None:
    first = make_case(make_lesion(cast.patient), to_user=cast.dana, stands_at=WHEN)
    assert services.claim_next(actor=cast.dana) == first
    assert services.claim_next(actor=cast.dana) == cast.case
    assert services.claim_next(actor=cast.dana) is None


@pytest.mark.parametrize("name", ["ada", "ines", "theo"])
def test_taking_is_for_dermatologists(cast: Cast, name: str) -> None:
    before = state(cast.case)
    assert refusal(lambda: services.claim_next(actor=cast.people[name])).http_status == 403
    assert refusal(lambda: services.claim_case(actor=cast.people[name], case=cast.case)).http_status == 403
    assert state(cast.case) == before


def test_what_is_not_held_cannot_be_worked_at(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    acts = [
        lambda: services.release_case(actor=cast.dana, case=cast.pooled_case),
        lambda: services.ask_for_information(actor=cast.dana, case=cast.pooled_case, text="Where?"),
        lambda: services.discard_case(actor=cast.dana, case=cast.pooled_case, reason="Not mine."),
    ]
    assert {refusal(act).code for act in acts} == {"not_claimed"}
    services.claim_case(actor=cast.emil, case=cast.pooled_case)
    assert {refusal(act).code for act in acts} == {"case_moved_on"}


# --- Asking and replying ----------------------------------------------------------------------------------------------


def test_the_clock_stands_still_while_the_practice_is_waited_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(cast.case)
    start = datetime(2026, 3, 3, 9, tzinfo=UTC)
    clock(monkeypatch, start)
    services.claim_case(actor=cast.dana, case=cast.case)
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    clock(monkeypatch, start + timedelta(days=30))
    assert services.mark_breaches() == 1  # the pooled one alone: this one waits for the practice
    clock(monkeypatch, start + timedelta(hours=7))
    services.reply_to_question(actor=cast.ben, case=cast.case, text="Since May.")
    after = state(cast.case)
    for name in ("due_at", "stands_at"):
        assert after[name] - before[name] == timedelta(hours=7)
    assert (after["paused"], after["asked_at"], after["status"]) == (timedelta(hours=7), None, CaseStatus.CLAIMED)
    assert told(cast.case) == [("ada", "info_asked"), ("dana", "info_given")]


def test_waiting_twice_adds_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 3, 3, 9, tzinfo=UTC)
    services.claim_case(actor=cast.dana, case=cast.case)
    for hours in (2, 3):
        clock(monkeypatch, start)
        services.ask_for_information(actor=cast.dana, case=cast.case, text="And?")
        clock(monkeypatch, start + timedelta(hours=hours))
        services.reply_to_question(actor=cast.ada, case=cast.case, text="So.")
    assert state(cast.case)["paused"] == timedelta(hours=5)


def test_an_alert_and_a_reply_both_count(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each computes the place anew: neither may undo the other."""
    start = datetime(2026, 3, 3, 9, tzinfo=UTC)
    clock(monkeypatch, start)
    services.claim_case(actor=cast.dana, case=cast.case)
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    services.raise_alert(image=cast.image, alert=0.5)
    clock(monkeypatch, start + timedelta(hours=7))
    services.reply_to_question(actor=cast.ada, case=cast.case, text="Since May.")
    services.raise_alert(image=cast.image, alert=0.75)
    after = state(cast.case)
    assert after["due_at"] - after["stands_at"] == timedelta(hours=54)
    assert after["due_at"] == WHEN + timedelta(days=10, hours=7)


def test_a_question_needs_words_and_so_does_its_reply(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    assert refusal(lambda: services.ask_for_information(actor=cast.dana, case=cast.case, text=" \n")).code == "text_missing"
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    assert refusal(lambda: services.reply_to_question(actor=cast.ada, case=cast.case, text=" ")).code == "text_missing"
    assert state(cast.case)["status"] == CaseStatus.INFO_ASKED


def test_a_reply_to_somebody_who_left_goes_back_into_the_queue(cast: Cast) -> None:
    services.claim_case(actor=cast.emil, case=cast.pooled_case)
    services.ask_for_information(actor=cast.emil, case=cast.pooled_case, text="Since when?")
    cast.pool.members.set([cast.dana])
    services.reply_to_question(actor=cast.ada, case=cast.pooled_case, text="Since May.")
    after = state(cast.pooled_case)
    assert (after["status"], after["claimed_by_id"], after["asked_at"]) == (CaseStatus.WAITING, None, None)
    assert ("dana", "case_sent") in told(cast.pooled_case)


# --- Ending -----------------------------------------------------------------------------------------------------------


def test_the_practice_withdraws_what_nobody_has_taken(cast: Cast) -> None:
    services.discard_case(actor=cast.ben, case=cast.case, reason="  Excised\n elsewhere. ")
    after = state(cast.case)
    assert (after["status"], after["discard_reason"]) == (CaseStatus.DISCARDED, "Excised elsewhere.")
    assert told(cast.case) == []


def test_the_practice_withdraws_what_it_is_asked_about_and_whoever_asked_is_told(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    services.discard_case(actor=cast.ben, case=cast.case, reason="Moved away.")
    assert state(cast.case)["status"] == CaseStatus.DISCARDED
    assert ("dana", "case_discarded") in told(cast.case)
    assert refusal(lambda: services.case_for(cast.dana, cast.case.pk)).message.endswith("Moved away.")


def test_the_dermatologist_discards_what_they_have_taken(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    assert refusal(lambda: services.discard_case(actor=cast.ada, case=cast.case, reason="Changed my mind.")).code == "case_moved_on"
    services.discard_case(actor=cast.dana, case=cast.case, reason="No skin in the picture.")
    assert told(cast.case) == [("ada", "case_discarded")]
    assert not Case.objects.visible_to(cast.dana).filter(pk=cast.case.pk)


def test_nothing_ends_without_a_reason(cast: Cast) -> None:
    assert refusal(lambda: services.discard_case(actor=cast.ada, case=cast.case, reason=" ")).code == "text_missing"
    assert state(cast.case)["status"] == CaseStatus.WAITING


def test_closing_is_for_the_practice_after_an_answer(cast: Cast) -> None:
    assert refusal(lambda: services.close_case(actor=cast.ada, case=cast.case)).code == "case_moved_on"
    services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    assert refusal(lambda: services.close_case(actor=cast.dana, case=cast.case)).http_status == 403
    services.close_case(actor=cast.ben, case=cast.case)
    assert kinds(cast.case)[-1] == "closed"
    assert refusal(lambda: services.close_case(actor=cast.ada, case=cast.case)).code == "case_moved_on"


def test_another_practice_finds_no_case(cast: Cast) -> None:
    acts: list[Callable[[], object]] = [
        lambda: services.discard_case(actor=cast.cleo, case=cast.case, reason="x"),
        lambda: services.readdress_case(actor=cast.cleo, case=cast.case, to=cast.pool),
        lambda: services.close_case(actor=cast.cleo, case=cast.case),
        lambda: services.reply_to_question(actor=cast.cleo, case=cast.case, text="x"),
    ]
    for act in acts:
        with pytest.raises(Http404):
            act()
    assert not CaseEvent.objects.exists()


def test_a_withdrawn_consent_takes_back_what_nobody_answered(cast: Cast) -> None:
    made = {
        status: make_case(make_lesion(cast.patient), status, to_user=cast.dana, second_to_user=cast.emil) for status in CaseStatus.values
    }
    services.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.TELECONSULTATION)
    after = {status: state(case)["status"] for status, case in made.items()}
    ended = dict.fromkeys([D, W, C, I], G) | {S: A}  # a second opinion is not waited for any more; the first answer stays
    assert after == {status: ended.get(CaseStatus(status), status) for status in CaseStatus.values}
    assert state(cast.pooled_case)["discard_reason"] == "The patient withdrew the consent."


# --- Second opinions --------------------------------------------------------------------------------------------------


@pytest.fixture
def answered(cast: Cast) -> Case:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    return cast.case


@pytest.mark.parametrize("to", ["emil", "pool"])
def test_a_second_opinion_is_blind_until_it_is_signed(cast: Cast, answered: Case, to: str) -> None:
    services.ask_second_opinion(actor=cast.dana, case=answered, to=getattr(cast, to), text="Would you look, too?")
    assert ("emil", "second_opinion") in told(answered)
    assert selectors.is_blinded(cast.emil, answered)
    assert list(selectors.answers_for(cast.emil, answered)) == []
    for reader in (cast.ada, cast.dana):
        assert [answer.signed_by for answer in selectors.answers_for(reader, answered)] == [cast.dana]
    services.sign_second_opinion(actor=cast.emil, case=answered, opinion=OPINION)
    for reader in (cast.ada, cast.dana, cast.emil):
        assert [answer.signed_by for answer in selectors.answers_for(reader, answered)] == [cast.dana, cast.emil]


def test_neither_events_nor_histology_lift_the_blindfold(cast: Cast, answered: Case) -> None:
    services.record_histology(
        actor=cast.ada, lesion=cast.lesion, diagnosis="MEL", reported_on=timezone.localdate(), text="Melanoma", case=answered
    )
    CaseEvent.objects.create(case=answered, kind="answered", by=cast.dana, text="Melanoma")
    services.ask_second_opinion(actor=cast.dana, case=answered, to=cast.emil, text="Would you look, too?")
    events = selectors.events_for(cast.emil, answered)
    assert "histology" not in {event.kind for event in events}
    assert {event.text for event in events} == {"", "Would you look, too?"}
    assert not selectors.histologies_for(cast.emil, answered)
    assert selectors.histologies_for(cast.dana, answered).count() == 1
    assert "Melanoma" in {event.text for event in selectors.events_for(cast.dana, answered)}


@pytest.mark.parametrize("name", ["cleo", "emil", "ines", "theo"])
def test_answers_are_for_those_who_may_see_the_case(cast: Cast, answered: Case, name: str) -> None:
    viewer = cast.people[name]
    assert not selectors.answers_for(viewer, answered)
    assert not selectors.events_for(viewer, answered)
    assert not selectors.histologies_for(viewer, answered)


def test_a_second_opinion_comes_from_somebody_else(cast: Cast, answered: Case) -> None:
    alone = Pool.objects.create(name="Dana alone")
    alone.members.add(cast.dana)
    for to in (cast.dana, alone):
        assert refusal(partial(services.ask_second_opinion, actor=cast.dana, case=answered, to=to)).code == "own_opinion"
    assert refusal(lambda: services.ask_second_opinion(actor=cast.dana, case=answered, to=cast.ben)).code == "no_dermatologist"
    assert state(answered)["status"] == CaseStatus.ANSWERED


@pytest.mark.parametrize("name", ["ben", "dana"])
def test_a_second_opinion_that_does_not_come_can_be_given_up(cast: Cast, answered: Case, name: str) -> None:
    services.ask_second_opinion(actor=cast.dana, case=answered, to=cast.emil)
    assert refusal(lambda: services.close_case(actor=cast.ada, case=answered)).code == "case_moved_on"
    services.withdraw_second_opinion(actor=cast.people[name], case=answered)
    assert state(answered)["status"] == CaseStatus.ANSWERED
    with pytest.raises((ClinicError, Http404)):
        services.sign_second_opinion(actor=cast.emil, case=answered, opinion=OPINION)


# --- What happens by itself -------------------------------------------------------------------------------------------


def test_a_breach_is_marked_and_told_once(cast: Cast) -> None:
    late = cast.case.due_at
    assert late
    assert services.mark_breaches(now=late) == 0
    assert services.mark_breaches(now=late + timedelta(seconds=1)) == 2
    assert services.mark_breaches(now=late + timedelta(days=1)) == 0
    assert told(cast.case) == [("ada", "breach"), ("dana", "breach")]
    assert state(cast.case)["breached_at"] == late + timedelta(seconds=1)


@pytest.mark.parametrize("status", [D, I, A, S, X, G])
def test_only_those_who_keep_somebody_waiting_breach(cast: Cast, status: str) -> None:
    Case.objects.update(due_at=timezone.now() + timedelta(days=1))
    case = make_case(cast.free_lesion, status, to_user=cast.dana, second_to_user=cast.emil)
    assert services.mark_breaches() == 0
    assert state(case)["breached_at"] is None


def test_alerts_only_rise(cast: Cast) -> None:
    place = state(cast.case)["stands_at"]
    for alert, hours in ((0.5, 36), (0.25, 36), (1.0, 72), (0.0, 72)):
        services.raise_alert(image=cast.image, alert=alert)
        assert state(cast.case)["stands_at"] == place - timedelta(hours=hours)


def test_another_pictures_lower_alert_changes_nothing(cast: Cast) -> None:
    services.raise_alert(image=cast.image, alert=0.5)
    place = state(cast.case)["stands_at"]
    services.raise_alert(image=make_image(cast.lesion), alert=0.25)
    assert state(cast.case)["stands_at"] == place


def test_an_answered_case_keeps_what_was_known(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    services.raise_alert(image=cast.image, alert=0.9)
    assert state(cast.case)["alert"] is None


def test_whoever_leaves_gives_their_cases_back(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    held = make_case(make_lesion(cast.patient), C, to_pool=cast.pool, claimed_by=cast.emil)
    asked = make_case(make_lesion(cast.patient), I, to_pool=cast.pool, claimed_by=cast.emil)
    second = make_case(make_lesion(cast.patient), S, to_user=cast.dana, second_to_user=cast.emil)
    read = make_case(make_lesion(cast.patient), A, to_pool=cast.pool, claimed_by=cast.emil)
    place = state(held)["stands_at"]
    assert services.give_back_cases_of(actor=cast.ines, user=cast.emil) == 2
    assert [state(case)["status"] for case in (held, asked, second, read)] == [W, I, A, A]
    assert (state(held)["claimed_by_id"], state(held)["stands_at"]) == (None, place)
    assert CaseEvent.objects.get(case=held).text == "Emil no longer answers this case."
    assert services.give_back_cases_of(actor=cast.ines, user=cast.emil) == 0


def test_leaving_one_pool_gives_back_the_cases_of_that_pool(cast: Cast) -> None:
    other = Pool.objects.create(name="Nails")
    held = [make_case(make_lesion(cast.patient), C, to_pool=pool, claimed_by=cast.emil) for pool in (cast.pool, other)]
    assert services.give_back_cases_of(actor=cast.ines, user=cast.emil, pool=other) == 1
    assert [state(case)["status"] for case in held] == [C, W]


@pytest.mark.parametrize("name", ["ada", "dana", "theo"])
def test_giving_back_for_others_is_for_admins(cast: Cast, name: str) -> None:
    assert refusal(lambda: services.give_back_cases_of(actor=cast.people[name], user=cast.emil)).http_status == 403


def test_a_case_of_somebody_who_left_is_stranded_until_it_is_readdressed(cast: Cast) -> None:
    assert not cast.case.is_stranded
    type(cast.dana).objects.filter(pk=cast.dana.pk).update(is_active=False)
    case = Case.objects.get(pk=cast.case.pk)
    assert case.is_stranded
    services.readdress_case(actor=cast.ada, case=case, to=cast.emil)
    assert not Case.objects.get(pk=case.pk).is_stranded


# --- The trace --------------------------------------------------------------------------------------------------------


def test_every_move_leaves_an_event_and_a_trace_in_order(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    services.reply_to_question(actor=cast.ada, case=cast.case, text="Since May.")
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    services.ask_second_opinion(actor=cast.dana, case=cast.case, to=cast.emil)
    services.sign_second_opinion(actor=cast.emil, case=cast.case, opinion=OPINION)
    services.close_case(actor=cast.ada, case=cast.case)
    assert kinds(cast.case) == ["claimed", "asked", "replied", "answered", "second_asked", "second_answered", "closed"]
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        "case.claim", "case.ask", "case.reply", "answer.sign", "case.second-opinion", "answer.second-opinion", "case.close",
    ]  # fmt: skip


def test_what_was_said_is_never_changed(cast: Cast) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    event = CaseEvent.objects.get(case=cast.case)
    event.text = "Something else"
    for change in (event.save, event.delete, lambda: CaseEvent.objects.update(text="x")):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()


def test_a_mail_is_never_owed_to_whoever_did_it(cast: Cast) -> None:
    services.discard_case(actor=cast.ada, case=cast.case, reason="Done.")
    assert not Notification.objects.filter(to=cast.ada).exists()
