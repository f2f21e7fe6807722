"""Sessions end: unused after half an hour, used after a working day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from skinclinic.sessions import SessionStore
from tests.factories import make_user

pytestmark = pytest.mark.django_db
SESSION = "/session/"


@pytest.fixture
def inside(client: Client) -> Client:
    client.force_login(make_user("robin"))
    return client


def left_s() -> float:
    return (Session.objects.get().expire_date - timezone.now()).total_seconds()


def pass_time(seconds: float) -> None:
    """As if the session had been used last so long ago."""
    for row in Session.objects.all():
        store = SessionStore(row.pk)
        data = store.load()
        data["_began_at"] -= seconds
        row.session_data, row.expire_date = store.encode(data), row.expire_date - timedelta(seconds=seconds)
        row.save()


def test_it_ends_after_half_an_hour_of_nothing(inside: Client) -> None:
    assert 1790 < left_s() <= 1800
    pass_time(29 * 60)
    assert inside.get("/").status_code == 200
    pass_time(29 * 60)
    assert inside.get("/").status_code == 200, "the page before has renewed it"
    pass_time(31 * 60)
    assert inside.get("/").status_code == 302


def test_it_ends_after_a_working_day_however_busy(inside: Client) -> None:
    for _ in range(28):
        pass_time(25 * 60)
        assert inside.get("/").status_code == 200
    assert left_s() < 25 * 60
    pass_time(25 * 60)
    assert inside.get("/").status_code == 302


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
def test_what_a_page_asks_by_itself_does_not_keep_it_open(inside: Client, headers: dict[str, str]) -> None:
    pass_time(600)
    inside.get("/", headers=headers)
    inside.get(SESSION)
    assert left_s() < 1201
    inside.post("/", headers=headers)
    assert left_s() > 1790


def test_a_session_in_use_is_written_once_a_minute(inside: Client) -> None:
    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            inside.get("/")
        return sum("UPDATE" in query["sql"] for query in queries)

    assert writes() == 0
    pass_time(61)
    assert writes() == 1


def test_the_page_is_told_whose_session_it_is_and_how_long(inside: Client) -> None:
    answer = inside.get(SESSION).json()
    assert answer["open"]
    assert 1790 < answer["left_s"] <= 1800
    assert f'data-session-person="{answer["person"]}"' in inside.get("/").content.decode()
    pass_time(600)
    assert inside.get(SESSION).json()["left_s"] < 1201
    assert inside.post(SESSION).json()["left_s"] > 1790
    assert inside.get(SESSION).json()["left_s"] > 1790
    other = Client()
    other.force_login(make_user("wren"))
    assert other.get(SESSION).json()["person"] != answer["person"]


def test_the_anonymous_are_told_that_nothing_is_open(client: Client) -> None:
    assert client.get(SESSION).json() == {"open": False}
    assert client.post(SESSION).json() == {"open": False}
    assert "data-session-person" not in client.get(reverse("account_login")).content.decode()


def test_keeping_it_open_needs_the_page_s_token(inside: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = inside.cookies
    assert strict.post(SESSION).status_code == 403
    token = strict.get(SESSION).json()["csrf_token"]
    assert strict.post(SESSION, headers={"X-CSRFToken": token}).status_code == 200


def test_the_working_day_begins_with_the_log_in(client: Client) -> None:
    make_user("robin")
    client.get(reverse("account_login"))
    session = client.session
    session["_began_at"] = 0
    session.save()
    client.post(reverse("account_login"), {"login": "robin", "password": "robin"})
    assert client.session["_began_at"] > 0
    assert client.get("/").status_code == 200
