"""What administrators do in a day: people, practices, pools, second factors. Nothing clinical."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from patients import services
from patients.models import AuditEntry, Practice, Role, RolePolicy, User
from patients.services.accounts import PERSON_FIELDS, POOL_FIELDS, PRACTICE_FIELDS, version_of
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_user


@pytest.fixture
def manager(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ines)
    return client


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def change(client: Client, person: User, **fields: Any) -> Any:
    kept = {
        "display_name": person.display_name,
        "email": person.email,
        "role": person.role,
        "practice": person.practice.public_id if person.practice else "",
    }
    return client.post(reverse("patients:person", args=[person.public_id]), kept | {"version": version_of(person, PERSON_FIELDS)} | fields)


def test_django_s_own_admin_is_not_there(client: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")


def test_somebody_gets_a_role_and_the_trail_says_which_fields(cast: Cast, manager: Client) -> None:
    assert change(manager, cast.theo, role="GP", practice=cast.south.public_id).status_code == 302
    cast.theo.refresh_from_db()
    assert (cast.theo.role, cast.theo.practice) == ("GP", cast.south)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.detail, entry.actor) == ("account.change", {"fields": ["practice", "role"]}, cast.ines)


def test_saving_without_a_change_leaves_no_trace(cast: Cast, manager: Client) -> None:
    assert change(manager, cast.ada).status_code == 302
    assert actions() == []


@pytest.mark.parametrize(("role", "practice"), [("GP", ""), ("DERMATOLOGIST", "north"), ("KING", "")])
def test_impossible_places_are_refused_in_words(cast: Cast, manager: Client, role: str, practice: str) -> None:
    answer = change(manager, cast.theo, role=role, practice=cast.north.public_id if practice else "")
    assert answer.status_code == 400
    cast.theo.refresh_from_db()
    assert cast.theo.role == ""


def test_nobody_gives_themselves_another_role(cast: Cast, manager: Client) -> None:
    change(manager, cast.ines, role="GP", practice=cast.north.public_id)
    cast.ines.refresh_from_db()
    assert (cast.ines.role, cast.ines.practice) == ("ADMIN", None)
    with pytest.raises(ClinicError, match="own role"):
        services.change_person(
            actor=cast.ines, person=cast.ines, version=version_of(cast.ines, PERSON_FIELDS), role="GP", practice=cast.north
        )


def test_the_second_of_two_administrators_is_told_and_overwrites_nothing(cast: Cast, manager: Client) -> None:
    before = version_of(cast.theo, PERSON_FIELDS)
    assert change(manager, cast.theo, display_name="Theo One").status_code == 302
    answer = change(manager, cast.theo, display_name="Theo Two", version=before)
    assert "Somebody else changed this" in answer.content.decode()
    cast.theo.refresh_from_db()
    assert cast.theo.display_name == "Theo One"


def test_two_accounts_never_share_an_address(cast: Cast, manager: Client) -> None:
    make_user("robin", email="robin@example.org")
    answer = change(manager, cast.theo, email="Robin@example.org")
    assert "Another account has this e-mail address" in answer.content.decode()


def test_whoever_is_no_dermatologist_any_more_leaves_the_pools(cast: Cast, manager: Client) -> None:
    change(manager, cast.emil, role="GP", practice=cast.north.public_id, confirmed="yes")
    assert not cast.pool.members.exists()


def test_switching_an_account_off_ends_its_sessions_at_once_and_for_good(cast: Cast, manager: Client) -> None:
    theirs = Client()
    theirs.force_login(cast.dana)
    assert theirs.get("/").status_code == 200
    manager.post(reverse("patients:person-act", args=[cast.dana.public_id, "deactivate"]))
    assert theirs.get("/").status_code == 302
    manager.post(reverse("patients:person-act", args=[cast.dana.public_id, "reactivate"]))
    assert theirs.get("/").status_code == 302, "an old session does not come back to life"
    assert actions()[-2:] == ["account.deactivate", "account.reactivate"]


def test_switching_off_twice_is_told(cast: Cast, manager: Client) -> None:
    act = reverse("patients:person-act", args=[cast.dana.public_id, "deactivate"])
    assert [manager.post(act).status_code, manager.post(act).status_code] == [302, 409]


def test_nobody_switches_themselves_off(cast: Cast, manager: Client) -> None:
    assert manager.post(reverse("patients:person-act", args=[cast.ines.public_id, "deactivate"])).status_code == 400
    cast.ines.refresh_from_db()
    assert cast.ines.is_active


@pytest.mark.django_db(transaction=True)
def test_two_administrators_switching_each_other_off_leave_one(cast: Cast) -> None:
    other = make_user("otto", role=Role.ADMIN)
    pairs = [(cast.ines, other), (other, cast.ines)]

    def act(pair: tuple[User, User]) -> str:
        try:
            services.deactivate_person(actor=pair[0], person=pair[1])
            return "done"
        except ClinicError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, pairs)) == ["done", "forbidden"]
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_a_link_for_a_new_password_works_once(cast: Cast, manager: Client) -> None:
    page = manager.post(reverse("patients:password-link", args=[cast.theo.public_id])).content.decode()
    link = page.split("readonly>")[1].split("<")[0]
    visitor = Client()
    form = visitor.get(link, follow=True)
    new = {"password1": "a long new phrase", "password2": "a long new phrase"}
    assert visitor.post(form.redirect_chain[-1][0], new).status_code == 302
    assert Client().login(username="theo", password="a long new phrase")
    assert "cannot be used" in Client().get(link, follow=True).content.decode()
    assert actions() == ["account.password-link", "account.password"]


def test_a_practice_is_made_changed_and_closed(cast: Cast, manager: Client) -> None:
    manager.post(reverse("patients:practice-new"), {"name": "West", "phone": "1"})
    west = Practice.objects.get(name="West")
    assert west.is_open
    data = {"name": "West", "phone": "2", "address": "Mill Lane", "asks_impression": "on", "version": version_of(west, PRACTICE_FIELDS)}
    data["confirmed"] = "yes"
    assert manager.post(reverse("patients:practice", args=[west.public_id]), data).status_code == 302
    west.refresh_from_db()
    assert (west.phone, west.asks_impression, west.is_open) == ("2", True, False)
    assert AuditEntry.objects.latest("id").detail == {"fields": ["address", "asks_impression", "is_open", "phone"]}
    stale = manager.post(reverse("patients:practice", args=[west.public_id]), data | {"phone": "3"})
    assert "Somebody else changed this" in stale.content.decode()


def test_two_practices_never_share_a_name(cast: Cast, manager: Client) -> None:
    assert manager.post(reverse("patients:practice-new"), {"name": "North"}).status_code == 400
    with pytest.raises(ClinicError, match="name already"):
        services.save_practice(actor=cast.ines, practice=None, name="North")


def test_a_pool_takes_dermatologists_alone(cast: Cast, manager: Client) -> None:
    page = reverse("patients:pool", args=[cast.pool.public_id])
    data = {"name": "Moles", "members": [cast.dana.public_id, cast.emil.public_id], "version": version_of(cast.pool, POOL_FIELDS)}
    assert manager.post(page, data | {"members": [cast.ada.public_id]}).status_code == 400
    with pytest.raises(ClinicError, match="Only dermatologists"):
        services.save_pool(actor=cast.ines, pool=cast.pool, version=version_of(cast.pool, POOL_FIELDS), name="Moles", members=[cast.ada])
    assert manager.post(page, data).status_code == 302
    assert set(cast.pool.members.all()) == {cast.dana, cast.emil}
    assert manager.post(page, data).status_code == 400, "the page is older than the change"


def test_policies_are_set_and_taken_back(cast: Cast, manager: Client) -> None:
    manager.post(reverse("patients:policies"), {"roles": ["GP", "DERMATOLOGIST"]})
    manager.post(reverse("patients:policies"), {"roles": ["GP"]})
    assert set(RolePolicy.objects.filter(needs_second_factor=True).values_list("role", flat=True)) == {"GP"}
    assert actions() == ["rolepolicy.change"] * 3
    manager.post(reverse("patients:policies"), {})
    assert not RolePolicy.objects.filter(needs_second_factor=True).exists()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("words=dan", {"Dana"}),
        ("role=GP", {"Ada", "Ben", "Cleo"}),
        ("role=none", {"Theo"}),
        ("state=off", set()),
        ("role=nonsense&page=x", {"Ada", "Ben", "Cleo", "Dana", "Emil", "Ines", "Theo"}),
    ],
)
def test_people_are_found(cast: Cast, manager: Client, query: str, names: set[str]) -> None:
    page = manager.get(f"{reverse('patients:people')}?{query}").content.decode()
    assert {name for name in ("Ada", "Ben", "Cleo", "Dana", "Emil", "Ines", "Theo") if f">{name}</a>" in page} == names


@pytest.mark.parametrize("name", ["home", "patients:people", "patients:pools", "patients:practices", "patients:invitations"])
def test_pages_cost_the_same_with_more_people(cast: Cast, manager: Client, name: str) -> None:
    with CaptureQueriesContext(connection) as before:
        manager.get(reverse(name))
    for number in range(3):
        practice = Practice.objects.create(name=f"Practice {number}")
        cast.pool.members.add(make_user(f"derma{number}", role=Role.DERMATOLOGIST))
        services.invite(actor=cast.ines, email=f"{number}@example.org", display_name="X", role=Role.GP, practice=practice)
    with CaptureQueriesContext(connection) as after:
        manager.get(reverse(name))
    assert len(after) == len(before) <= 12


def test_the_first_account_comes_from_the_console(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a long enough secret")
    call_command("create_admin", "gil", stdout=StringIO())
    assert client.login(username="gil", password="a long enough secret")
    assert client.get(reverse("patients:people")).status_code == 200
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_admin", "gil")
    monkeypatch.setenv("ADMIN_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_admin", "hal")


def test_a_forgotten_password_tells_nobody_who_has_an_account(
    cast: Cast, client: Client, settings: LazySettings, mailoutbox: list[Any]
) -> None:
    settings.EMAIL_HOST = "mail.example"
    make_user("robin", email="robin@example.org")
    reset = reverse("account_reset_password")
    known = client.post(reset, {"email": "Robin@example.org"})
    unknown = client.post(reset, {"email": "wren@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    (letter,) = mailoutbox
    assert letter.to == ["robin@example.org"]
    link = next(word for word in letter.body.split() if word.startswith("http"))
    assert "password1" in client.get(link, follow=True).content.decode()
