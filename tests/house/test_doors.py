"""Everything needs a log-in, except what is written here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

OPEN = {"health", "intended-use", "account_login", "account_logout", "account_inactive"}
OPEN |= {"account_reset_password", "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done"}
OPEN |= {"mfa_authenticate", "mfa_login_webauthn", "session", "invitation-accept"}


def all_patterns(resolver: URLResolver, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from all_patterns(entry, (*names, entry.namespace or ""))
        else:
            yield (*names, entry.name or ""), entry


def test_every_route_needs_a_login_except_the_listed() -> None:
    open_routes = {
        names[-1] or entry.pattern.describe()
        for names, entry in all_patterns(get_resolver())
        if not getattr(entry.callback, "login_required", True)
    }
    assert open_routes <= OPEN


def test_the_mark_of_an_open_view_is_the_one_looked_for() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert login_not_required(view).login_required is False  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
