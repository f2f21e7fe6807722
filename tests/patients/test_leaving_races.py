"""Somebody leaves at the same moment as they take a case, sign, or are given one: whichever comes first, nobody who has left holds one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.http import Http404

from patients import services
from patients.models import Answer, Case, CaseEvent, CaseStatus, Pool, Purpose, Role, User
from patients.services import accounts, case_upkeep, holding
from patients.services import answers as signing
from patients.services import cases as moves
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_case, make_user
from tests.patients.answering import answered, asked_again, opinion, taken
from tests.patients.test_races import at_once


@pytest.fixture
def together(transactional_db: None, cast: Cast) -> Cast:
    return cast


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except ClinicError as refused:
        return refused.code
    except Http404:
        return "not there"
    return "done"


def both(first: Callable[[], object], second: Callable[[], object], cast: Cast) -> list[str]:
    """What becomes of two acts that start together."""
    acts = {cast.ines.pk: first, cast.emil.pk: second}
    return at_once(lambda actor: outcome(acts[actor.pk]), [cast.ines, cast.emil])


def elsewhere(act: Callable[[], Any]) -> Any:
    """In a connection of its own, which waits for nobody."""

    def run() -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=60)


def is_held(person: User) -> bool:
    def ask() -> bool:
        try:
            with transaction.atomic():
                User.objects.select_for_update(nowait=True, no_key=True).get(pk=person.pk)
        except OperationalError:
            return True
        return False

    return bool(elsewhere(ask))


def watched(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *people: User) -> list[bool]:
    """Whether these accounts were held each time that `name` of the module was called."""
    plain, seen = getattr(module, name), []

    def watching(*args: Any, **kwargs: Any) -> Any:
        seen.append(all(is_held(person) for person in people))
        return plain(*args, **kwargs)

    monkeypatch.setattr(module, name, watching)
    return seen


def leave(cast: Cast, person: User) -> Callable[[], object]:
    return lambda: services.deactivate_person(actor=cast.ines, person=person)


def nobody_gone_holds_a_case() -> bool:
    return not Case.objects.filter(status=CaseStatus.CLAIMED).exclude(claimed_by__is_active=True).exists()


# --- Nobody leaves between the question whether they may and the act ----------------------------------------------------


def test_who_takes_a_case_is_held_meanwhile(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch, moves, "_locked", together.emil)
    services.claim_case(actor=together.emil, case=together.pooled_case)
    assert seen == [True]
    assert not is_held(together.emil)


def test_who_asked_is_held_before_the_reply_comes_back_to_them(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(together.free_lesion, CaseStatus.INFO_ASKED, to_pool=together.pool, claimed_by=together.emil)
    seen = watched(monkeypatch, moves, "_locked", together.emil)
    services.reply_to_question(actor=together.ada, case=case, text="Since June.")
    assert seen == [True]


def test_who_is_asked_for_a_second_opinion_is_held_and_so_are_all_of_a_pool(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    gina = make_user("gina", role=Role.DERMATOLOGIST)
    together.pool.members.add(gina)
    case = answered(together)
    seen = watched(monkeypatch, moves, "held_case", together.dana, together.emil, gina)
    services.ask_second_opinion(actor=together.dana, case=case, to=together.pool)
    assert seen == [True]


@pytest.mark.parametrize("is_second", [False, True])
def test_who_signs_is_held(together: Cast, monkeypatch: pytest.MonkeyPatch, is_second: bool) -> None:
    case = asked_again(together) if is_second else taken(together)
    who, sign = (together.emil, services.sign_second_opinion) if is_second else (together.dana, services.sign_answer)
    seen = watched(monkeypatch, signing, "_locked", who)
    sign(actor=who, case=case, opinion=opinion())
    assert seen == [True]


def test_who_joins_or_leaves_a_pool_is_held(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch, accounts, "give_back_cases_of", together.emil, together.dana)
    version = accounts.version_of(together.pool, accounts.POOL_FIELDS)
    services.save_pool(actor=together.ines, pool=together.pool, name="Moles", members=[together.dana], version=version)
    assert seen == [True]


def test_who_is_switched_off_is_held(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch, accounts, "give_back_cases_of", together.emil)
    services.deactivate_person(actor=together.ines, person=together.emil)
    assert seen == [True]


def test_cases_that_are_given_back_are_locked_before_they_are_read(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back by its holder and taken by a colleague meanwhile, it would be taken from the colleague."""
    services.claim_case(actor=together.emil, case=together.pooled_case)

    def is_locked() -> bool:
        try:
            with transaction.atomic():
                Case.objects.select_for_update(nowait=True).get(pk=together.pooled_case.pk)
        except OperationalError:
            return True
        return False

    plain = case_upkeep._give_back
    seen: list[bool] = []

    def watching(actor: User, case: Case) -> bool:
        seen.append(elsewhere(is_locked))
        return plain(actor, case)

    monkeypatch.setattr(case_upkeep, "_give_back", watching)
    services.deactivate_person(actor=together.ines, person=together.emil)
    assert seen == [True]


# --- What somebody looked like a moment ago does not count --------------------------------------------------------------


def test_an_old_copy_of_an_account_takes_nothing(together: Cast) -> None:
    stale = User.objects.get(pk=together.emil.pk)
    second = asked_again(together)
    services.deactivate_person(actor=together.ines, person=together.emil)
    before = CaseEvent.objects.count()
    assert outcome(lambda: services.claim_case(actor=stale, case=together.pooled_case)) == "forbidden"
    assert outcome(lambda: services.claim_next(actor=stale)) == "forbidden"
    assert outcome(lambda: services.sign_second_opinion(actor=stale, case=second, opinion=opinion())) == "forbidden"
    assert CaseEvent.objects.count() == before
    assert not Answer.objects.filter(signed_by=stale).exists()


def test_nobody_who_has_left_is_put_into_a_pool_or_asked_again(together: Cast) -> None:
    stale, pool = User.objects.get(pk=together.emil.pk), Pool.objects.create(name="Naevi")
    case = answered(together)
    services.deactivate_person(actor=together.ines, person=together.emil)
    version = accounts.version_of(pool, accounts.POOL_FIELDS)
    save = lambda: services.save_pool(actor=together.ines, pool=pool, name="Naevi", members=[stale], version=version)  # noqa: E731
    assert outcome(save) == "not_a_dermatologist"
    assert outcome(lambda: services.ask_second_opinion(actor=together.dana, case=case, to=stale)) == "no_dermatologist"
    assert not pool.members.exists()
    assert Case.objects.get(pk=case.pk).status == CaseStatus.ANSWERED


def test_a_reply_to_a_question_of_somebody_before_is_refused(together: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case went back and a colleague has taken it and asked, between reading the page's question and the lock."""
    case = make_case(together.free_lesion, CaseStatus.INFO_ASKED, to_pool=together.pool, claimed_by=together.emil)
    gina = make_user("gina", role=Role.DERMATOLOGIST)
    plain = holding.hold

    def meanwhile(*people: User) -> dict[int, User]:
        Case.objects.filter(pk=case.pk).update(claimed_by=gina)
        return plain(*people)

    monkeypatch.setattr(moves, "hold", meanwhile)
    assert outcome(lambda: services.reply_to_question(actor=together.ada, case=case, text="Since June.")) == "case_moved_on"
    assert Case.objects.get(pk=case.pk).status == CaseStatus.INFO_ASKED


# --- At once --------------------------------------------------------------------------------------------------------------


def test_a_reply_and_the_switching_off_of_who_asked(together: Cast) -> None:
    case = make_case(together.free_lesion, CaseStatus.INFO_ASKED, to_pool=together.pool, claimed_by=together.emil)
    reply = lambda: services.reply_to_question(actor=together.ada, case=case, text="Since June.")  # noqa: E731
    assert both(reply, leave(together, together.emil), together) == ["done", "done"]
    case.refresh_from_db()
    assert (case.status, case.claimed_by) == (CaseStatus.WAITING, None)


def test_a_claim_and_the_switching_off_of_who_takes(together: Cast) -> None:
    claim = lambda: services.claim_case(actor=together.emil, case=together.pooled_case)  # noqa: E731
    claimed, left = both(claim, leave(together, together.emil), together)
    assert (claimed in {"done", "forbidden"}, left) == (True, "done")
    assert nobody_gone_holds_a_case()


def test_a_claim_and_the_removal_from_the_pool(together: Cast) -> None:
    version = accounts.version_of(together.pool, accounts.POOL_FIELDS)
    members = [together.dana]
    remove = lambda: services.save_pool(actor=together.ines, pool=together.pool, name="Moles", members=members, version=version)  # noqa: E731
    claim = lambda: services.claim_case(actor=together.emil, case=together.pooled_case)  # noqa: E731
    claimed, removed = both(claim, remove, together)
    assert (claimed in {"done", "forbidden", "not there"}, removed) == (True, "done")
    assert Case.objects.get(pk=together.pooled_case.pk).status == CaseStatus.WAITING


@pytest.mark.parametrize("by_name", [True, False])
def test_a_second_opinion_is_not_asked_of_somebody_who_leaves(together: Cast, by_name: bool) -> None:
    case = answered(together)
    to = together.emil if by_name else together.pool
    ask = lambda: services.ask_second_opinion(actor=together.dana, case=case, to=to)  # noqa: E731
    asked, left = both(ask, leave(together, together.emil), together)
    assert (asked in {"done", "no_dermatologist", "empty_pool"}, left) == (True, "done")
    assert Case.objects.get(pk=case.pk).status == CaseStatus.ANSWERED


def test_a_second_opinion_is_signed_or_its_reader_is_gone(together: Cast) -> None:
    case = asked_again(together, to=together.emil)
    sign = lambda: services.sign_second_opinion(actor=together.emil, case=case, opinion=opinion())  # noqa: E731
    signed, left = both(sign, leave(together, together.emil), together)
    assert left == "done"
    assert Answer.objects.filter(case=case, is_second=True).count() == (1 if signed == "done" else 0)
    assert Case.objects.get(pk=case.pk).status == CaseStatus.ANSWERED


# --- Nobody waits for somebody who waits for them --------------------------------------------------------------------------


def test_what_names_a_person_does_not_wait_for_the_administration_of_their_account(together: Cast) -> None:
    """Notifications and events refer to accounts, with the case locked; administrators lock accounts and then the cases."""
    taken(together)
    with transaction.atomic():
        accounts.lock_administration(together.ines, together.dana.pk, together.emil.pk)
        patient, purpose = together.patient, Purpose.TELECONSULTATION
        elsewhere(lambda: services.withdraw_consent(actor=together.ada, patient=patient, purpose=purpose))
    assert not Case.objects.filter(pk=together.case.pk, status=CaseStatus.CLAIMED).exists()


def test_what_names_a_patient_does_not_wait_for_the_withdrawal_of_their_consent(together: Cast) -> None:
    """Who withdraws locks the patient and then the cases; whoever has locked a case records something of the patient."""
    with transaction.atomic():
        services.give_consent(actor=together.ada, patient=together.patient, purpose=Purpose.CARE, given_on=together.patient.birth_date)
        elsewhere(lambda: services.claim_case(actor=together.dana, case=together.case))
    assert Case.objects.get(pk=together.case.pk).claimed_by == together.dana


def test_a_case_is_put_back_by_who_leaves_and_by_the_administrator_at_once(together: Cast) -> None:
    services.claim_case(actor=together.emil, case=together.pooled_case)
    release = lambda: services.release_case(actor=together.emil, case=together.pooled_case)  # noqa: E731
    released, left = both(release, leave(together, together.emil), together)
    assert (released in {"done", "not_claimed"}, left) == (True, "done")
    assert CaseEvent.objects.filter(case=together.pooled_case, kind="released").count() == 1


# --- Nobody is left ---------------------------------------------------------------------------------------------------------


def test_a_second_opinion_that_nobody_of_a_pool_can_give_any_more_is_not_waited_for(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)  # who answered first and cannot give it
    case = asked_again(cast)
    services.deactivate_person(actor=cast.ines, person=cast.emil)
    case.refresh_from_db()
    assert (case.status, case.second_target) == (CaseStatus.ANSWERED, None)
    assert case.events.filter(kind="second_withdrawn", text="Moles no longer answers.").count() == 1


def test_a_second_opinion_is_waited_for_as_long_as_somebody_of_the_pool_is_there(cast: Cast) -> None:
    cast.pool.members.add(make_user("gina", role=Role.DERMATOLOGIST))
    case = asked_again(cast)
    services.deactivate_person(actor=cast.ines, person=cast.emil)
    assert Case.objects.get(pk=case.pk).status == CaseStatus.SECOND_OPINION


def test_a_second_opinion_asked_of_a_pool_that_loses_its_last_reader_is_not_waited_for(cast: Cast) -> None:
    case = asked_again(cast)
    version = accounts.version_of(cast.pool, accounts.POOL_FIELDS)
    services.save_pool(actor=cast.ines, pool=cast.pool, name="Moles", members=[], version=version)
    assert Case.objects.get(pk=case.pk).status == CaseStatus.ANSWERED


def test_a_case_of_a_pool_in_which_nobody_is_left_is_stranded(cast: Cast, client: Any) -> None:
    assert not Case.objects.get(pk=cast.pooled_case.pk).is_stranded
    services.deactivate_person(actor=cast.ines, person=cast.emil)
    assert cast.pooled_case.is_stranded
    client.force_login(cast.ada)
    assert "Nobody can answer these" in client.get("/").content.decode()
    assert "Nobody reads the cases of Moles any more." in client.get(cast.pooled_case.get_absolute_url()).content.decode()
    services.readdress_case(actor=cast.ada, case=cast.pooled_case, to=cast.dana)
    assert "Nobody can answer these" not in client.get("/").content.decode()
