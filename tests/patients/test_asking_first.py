"""Whoever ends something for somebody is told first what follows; nothing happens before the second step, and all of it without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from patients import services
from patients.models import AuditEntry, Case, CaseStatus, Pool, Practice, RolePolicy, User
from patients.services.accounts import PERSON_FIELDS, POOL_FIELDS, PRACTICE_FIELDS, version_of
from tests.cast import Cast
from tests.factories import make_case, make_lesion, make_user
from tests.test_routes import with_factor

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def manager(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ines)
    return client


def act_of(person: User, act: str) -> str:
    return reverse("patients:person-act", args=[person.public_id, act])


def asked(response: Any) -> list[str]:
    """What the page says that follows."""
    assert response.status_code == 200
    page = response.content.decode().replace("&#x27;", "'")
    assert "What follows:" in page
    return re.findall(r"<li>(.*?)</li>", page.split("What follows:")[1].split("</form>")[0])


def confirm(client: Client, path: str, response: Any) -> Any:
    """Presses the button of the page, with what its hidden fields carry."""
    form = response.content.decode().split("<main")[1]
    data: dict[str, list[str]] = {}
    for name, value in HIDDEN.findall(form):
        data.setdefault(name, []).append(value)
    return client.post(path, data)


def load(cast: Cast, person: User) -> None:
    """Somebody with work of every kind: taken from the pool, by name, waited for, and a second opinion."""
    states: list[tuple[str, dict[str, Any]]] = [
        (CaseStatus.CLAIMED, {"to_pool": cast.pool, "claimed_by": person}),
        (CaseStatus.CLAIMED, {"to_pool": cast.pool, "claimed_by": person}),
        (CaseStatus.CLAIMED, {"to_user": person}),
        (CaseStatus.WAITING, {"to_user": person}),
        (CaseStatus.INFO_ASKED, {"to_user": person}),
        (CaseStatus.SECOND_OPINION, {"to_user": cast.dana, "second_to_user": person}),
        (CaseStatus.CLOSED, {"to_user": person}),
    ]
    for status, fields in states:
        make_case(make_lesion(cast.patient), status, **fields)


# --- Accounts ---------------------------------------------------------------------------------------------------------------


def test_switching_off_says_what_becomes_of_every_case_and_then_it_does(cast: Cast, manager: Client) -> None:
    cast.pool.members.add(cast.dana)
    load(cast, cast.emil)
    said = asked(manager.get(act_of(cast.emil, "deactivate")))
    assert said == [
        "Emil is logged out everywhere at once and cannot log in until the account is switched on again.",
        "2 cases they took and did not answer go back into the queues of their pools.",
        "2 cases addressed to them by name are not answered: their practices have to choose somebody else.",
        "1 case for which they asked the practice something goes back to where it waited when the reply comes.",
        "1 second opinion asked of them by name is not waited for any more.",
        "What this person wrote and signed stays and stays readable.",
    ]
    assert User.objects.get(pk=cast.emil.pk).is_active, "asking alone changes nothing"
    assert manager.post(act_of(cast.emil, "deactivate")).status_code == 302
    theirs = Case.objects.filter(claimed_by=cast.emil)
    assert not theirs.filter(status=CaseStatus.CLAIMED).exists()
    assert Case.objects.filter(to_pool=cast.pool, status=CaseStatus.WAITING).count() == 3
    assert Case.objects.filter(to_user=cast.emil, status=CaseStatus.WAITING).count() == 2
    assert not Case.objects.filter(status=CaseStatus.SECOND_OPINION).exists()


def test_a_pool_that_is_left_alone_is_named(cast: Cast, manager: Client) -> None:
    said = asked(manager.get(act_of(cast.emil, "deactivate")))
    assert "The pool Moles has nobody left: no case can be sent to it, and nobody takes the 1 case that waits there." in said
    Case.objects.filter(to_pool=cast.pool).update(status=CaseStatus.DISCARDED, discard_reason="Sent twice.", stands_at=None)
    assert "The pool Moles has nobody left: no case can be sent to it." in asked(manager.get(act_of(cast.emil, "deactivate")))


def test_the_last_of_a_practice_is_named(cast: Cast, manager: Client) -> None:
    assert not [line for line in asked(manager.get(act_of(cast.ada, "deactivate"))) if "no other" in line]
    said = asked(manager.get(act_of(cast.cleo, "deactivate")))
    assert "South has no other active account." in said
    make_case(cast.southern_lesion, to_user=cast.dana)
    said = asked(manager.get(act_of(cast.cleo, "deactivate")))
    assert "South has no other active account: nobody there reads the answers to its 1 open case." in said


def test_a_dermatologist_without_work_has_none(cast: Cast, manager: Client) -> None:
    assert "No case waits for them." in asked(manager.get(act_of(make_user("dina", role="DERMATOLOGIST"), "deactivate")))


@pytest.mark.parametrize("is_needed", [True, False])
def test_resetting_a_factor_says_how_they_get_in_then(cast: Cast, manager: Client, is_needed: bool) -> None:
    person = with_factor(cast)
    services.change_person(actor=cast.ines, person=person, version=version_of(person, PERSON_FIELDS), role="DERMATOLOGIST", practice=None)
    RolePolicy.objects.create(role="DERMATOLOGIST", needs_second_factor=is_needed)
    said = asked(manager.get(act_of(person, "reset-factor")))
    assert said[0].startswith("Make sure first that it is this person")
    assert said[1].startswith("1 app or passkey goes, and so do the recovery codes.")
    assert ("and then for a new second factor" in said[2]) == is_needed
    assert Authenticator.objects.filter(user=person).exists()


def test_switching_on_again_is_explained_too(cast: Cast, manager: Client) -> None:
    off = make_user("otis", is_active=False)
    assert asked(manager.get(act_of(off, "reactivate"))) == [
        "Otis can log in again, in the same role, with the password and the second factor they had."
    ]


@pytest.mark.parametrize(
    ("who", "act"), [("ines", "deactivate"), ("ines", "reset-factor"), ("dana", "reactivate"), ("dana", "reset-factor")]
)
def test_nothing_is_asked_that_would_be_refused(cast: Cast, manager: Client, who: str, act: str) -> None:
    person = cast.people[who]
    answer = manager.get(act_of(person, act))
    assert (answer.status_code, answer["Location"]) == (302, reverse("patients:person", args=[person.public_id]))


def test_the_page_of_a_person_leads_to_the_question(cast: Cast, manager: Client) -> None:
    page = manager.get(reverse("patients:person", args=[with_factor(cast).public_id])).content.decode()
    for act in ("deactivate", "reset-factor"):
        assert f'href="{act_of(cast.theo, act)}"' in page
        assert f'action="{act_of(cast.theo, act)}"' not in page


# --- Another role -----------------------------------------------------------------------------------------------------------


def another_role(cast: Cast, client: Client, person: User, **fields: Any) -> Any:
    data = {
        "display_name": person.display_name,
        "role": "GP",
        "practice": cast.north.public_id,
        "version": version_of(person, PERSON_FIELDS),
    }
    return client.post(reverse("patients:person", args=[person.public_id]), data | fields)


def test_a_dermatologist_who_becomes_something_else_leaves_work_behind(cast: Cast, manager: Client) -> None:
    response = another_role(cast, manager, cast.emil, display_name="Emil <b>H</b>")
    said = asked(response)
    assert said[0] == "Emil leaves Moles."
    assert User.objects.get(pk=cast.emil.pk).role == "DERMATOLOGIST"
    assert not AuditEntry.objects.exists()
    assert "<b>H" not in response.content.decode(), "what was typed is kept as text"
    assert another_role(cast, manager, cast.emil, confirmed="yes").status_code == 302
    assert User.objects.get(pk=cast.emil.pk).role == "GP"


def test_what_was_typed_comes_through_the_question(cast: Cast, manager: Client) -> None:
    response = another_role(cast, manager, cast.emil, display_name="Emil Haas")
    assert confirm(manager, reverse("patients:person", args=[cast.emil.public_id]), response).status_code == 302
    changed = User.objects.get(pk=cast.emil.pk)
    assert (changed.display_name, changed.role, changed.practice) == ("Emil Haas", "GP", cast.north)


def test_whoever_was_overtaken_while_being_asked_is_told(cast: Cast, manager: Client) -> None:
    response = another_role(cast, manager, cast.emil)
    User.objects.filter(pk=cast.emil.pk).update(display_name="Emil Two")
    answer = confirm(manager, reverse("patients:person", args=[cast.emil.public_id]), response)
    assert "Somebody else changed this" in answer.content.decode()
    assert User.objects.get(pk=cast.emil.pk).role == "DERMATOLOGIST"


def test_other_changes_are_saved_at_once(cast: Cast, manager: Client) -> None:
    assert another_role(cast, manager, cast.emil, role="DERMATOLOGIST", practice="", display_name="Emil H").status_code == 302
    assert another_role(cast, manager, cast.theo).status_code == 302


# --- Practices --------------------------------------------------------------------------------------------------------------


def test_closing_a_practice_says_what_goes_on(cast: Cast, manager: Client) -> None:
    make_case(cast.free_lesion, CaseStatus.DRAFT, to_user=cast.dana)
    services.invite(actor=cast.ines, email="hal@example.org", display_name="Hal", role="GP", practice=cast.north)
    path = reverse("patients:practice", args=[cast.north.public_id])
    response = manager.post(path, {"name": "North", "address": "Mill Lane", "version": version_of(cast.north, PRACTICE_FIELDS)})
    assert asked(response) == [
        "It takes no new patients, pictures or cases. Its records stay and stay readable, and it can be opened again.",
        "2 accounts stay active: switch off under People what nobody uses.",
        "2 cases under way go on and can still be answered.",
        "1 draft of a referral cannot be sent any more.",
        "1 invitation to it still works: take it back under Invitations.",
    ]
    assert Practice.objects.get(pk=cast.north.pk).is_open
    assert confirm(manager, path, response).status_code == 302
    kept = Practice.objects.get(pk=cast.north.pk)
    assert (kept.is_open, kept.address) == (False, "Mill Lane")


def test_a_closed_practice_is_changed_and_opened_without_a_question(cast: Cast, manager: Client) -> None:
    Practice.objects.filter(pk=cast.south.pk).update(is_open=False)
    path = reverse("patients:practice", args=[cast.south.public_id])
    for fields in ({"phone": "1"}, {"phone": "1", "is_open": "on"}):
        cast.south.refresh_from_db()
        data = {"name": "South", "version": version_of(cast.south, PRACTICE_FIELDS)} | fields
        assert manager.post(path, data).status_code == 302
    assert Practice.objects.get(pk=cast.south.pk).is_open


def test_a_mistake_is_shown_before_anything_is_asked(cast: Cast, manager: Client) -> None:
    path = reverse("patients:practice", args=[cast.north.public_id])
    answer = manager.post(path, {"name": "", "version": version_of(cast.north, PRACTICE_FIELDS)})
    assert answer.status_code == 400
    assert "What follows:" not in answer.content.decode()


# --- Pools ------------------------------------------------------------------------------------------------------------------


def test_taking_somebody_out_of_a_pool_gives_their_cases_back(cast: Cast, manager: Client) -> None:
    cast.pool.members.add(cast.dana)
    load(cast, cast.emil)
    path = reverse("patients:pool", args=[cast.pool.public_id])
    data = {"name": "Moles", "members": [cast.dana.public_id], "version": version_of(cast.pool, POOL_FIELDS)}
    response = manager.post(path, data)
    assert asked(response) == ["2 cases that were taken by somebody who leaves, and not answered, go back into its queue."]
    assert cast.emil in cast.pool.members.all()
    assert confirm(manager, path, response).status_code == 302
    assert set(cast.pool.members.all()) == {cast.dana}
    assert not Case.objects.filter(to_pool=cast.pool, status=CaseStatus.CLAIMED).exists()


def test_emptying_a_pool_is_asked_about(cast: Cast, manager: Client) -> None:
    path = reverse("patients:pool", args=[cast.pool.public_id])
    said = asked(manager.post(path, {"name": "Moles", "version": version_of(cast.pool, POOL_FIELDS)}))
    assert said == ["The pool Moles has nobody left: no case can be sent to it, and nobody takes the 1 case that waits there."]


def test_a_pool_nobody_loses_by_is_saved_at_once(cast: Cast, manager: Client) -> None:
    empty = Pool.objects.create(name="Nails")
    data = {"name": "Nails and hair", "version": version_of(empty, POOL_FIELDS)}
    assert manager.post(reverse("patients:pool", args=[empty.public_id]), data).status_code == 302
    both = {"name": "Moles", "members": [cast.dana.public_id, cast.emil.public_id], "version": version_of(cast.pool, POOL_FIELDS)}
    assert manager.post(reverse("patients:pool", args=[cast.pool.public_id]), both).status_code == 302


# --- Who is asked, and what it costs ----------------------------------------------------------------------------------------


def test_questions_are_for_administrators_alone(cast: Cast, client: Client) -> None:
    for name in ("ada", "dana", "theo"):
        client.force_login(cast.people[name])
        assert client.get(act_of(cast.emil, "deactivate")).status_code == 403


def test_the_question_costs_the_same_with_more_pools_and_cases(cast: Cast, manager: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            manager.get(act_of(cast.emil, "deactivate"))
        return len(counted)

    before = queries()
    for number in range(3):
        Pool.objects.create(name=f"Pool {number}").members.add(cast.emil)
    load(cast, cast.emil)
    assert queries() == before <= 12
