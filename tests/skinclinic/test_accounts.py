"""Getting in: by name or address, not for ever guessing, and never by signing up."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.factories import make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def log_in(client: Client, login: str, password: str) -> bool:
    client.post(LOGIN, {"login": login, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("login", ["robin", "robin@clinic.example", "Robin@Clinic.Example"])
def test_by_name_or_address(client: Client, login: str) -> None:
    make_user("robin", email="robin@clinic.example")
    assert log_in(client, login, "robin")


def test_wrong_password_is_refused(client: Client) -> None:
    make_user("robin")
    assert not log_in(client, "robin", "wren")


def test_five_wrong_passwords_lock_the_name(client: Client) -> None:
    make_user("robin")
    make_user("wren")
    for _ in range(5):
        assert not log_in(client, "robin", "guess")
    assert not log_in(client, "robin", "robin"), "the right password must not help while the name is locked"
    assert log_in(Client(), "wren", "wren"), "another person is not locked out"


def test_people_get_in_while_redis_is_down(client: Client, settings: LazySettings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/1"}}
    make_user("robin")
    assert not log_in(client, "robin", "wren")
    assert log_in(client, "robin", "robin")


def test_a_closed_account_stays_outside(client: Client) -> None:
    make_user("robin", is_active=False)
    assert not log_in(client, "robin", "robin")


def test_nobody_signs_up(client: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")
    assert client.get("/accounts/signup/").status_code in {302, 404}


def test_logging_out_takes_a_click(client: Client) -> None:
    client.force_login(make_user("robin"))
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_a_new_password_is_asked_for_twice_and_ends_the_session(client: Client) -> None:
    client.force_login(make_user("robin"))
    new = {"oldpassword": "robin", "password1": "a long new phrase", "password2": "a long new phrase"}
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert "_auth_user_id" not in client.session
    assert log_in(client, "robin", "a long new phrase")


def test_cookies_are_kept_from_scripts(client: Client) -> None:
    make_user("robin")
    log_in(client, "robin", "robin")
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


def test_next_leads_nowhere_else(client: Client) -> None:
    make_user("robin")
    answer = client.post(f"{LOGIN}?next=https://elsewhere.example/", {"login": "robin", "password": "robin"})
    assert answer.headers["Location"] == "/"


def test_browsers_keep_nothing_of_a_page_behind_the_login(client: Client) -> None:
    client.force_login(make_user("robin"))
    assert client.get("/").headers["Cache-Control"] == "private, no-store"
