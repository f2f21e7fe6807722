"""Health, error pages, security headers: what the house itself answers."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from redis import Redis

from patients.models import Practice
from skinclinic import views
from skinclinic.errors import ClinicError, ClinicErrorMiddleware
from skinclinic.logs import LineFormatter, RequestLogMiddleware
from tests.house.sources import ROOT


@pytest.mark.django_db
def test_health_names_each_leg(client: Client) -> None:
    answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "redis": "ok", "disk": "ok"}}


@pytest.mark.django_db
def test_health_is_asked_from_beside_the_server_whatever_its_name(client: Client) -> None:
    assert {"127.0.0.1", "localhost", "[::1]"} <= set(settings.ALLOWED_HOSTS)
    assert client.get("/health/", headers={"host": "127.0.0.1:8000"}).status_code == 200


@pytest.mark.django_db
def test_health_says_what_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Redis, "ping", refuse)
    monkeypatch.setattr("skinclinic.health.redis.RedisError", ConnectionError)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "redis": "failing", "disk": "ok"}


@pytest.mark.django_db
def test_health_without_its_folder_is_a_failing_disk(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path / "gone")
    assert client.get("/health/").json()["checks"]["disk"] == "failing"


@pytest.mark.django_db
def test_the_page_says_all_of_the_intended_use(client: Client) -> None:
    """The document and the page clinicians see: what is set in bold in one stands in the other."""
    page = " ".join(client.get("/intended-use/").content.decode().split())
    document = " ".join((ROOT / "docs/intended-use.md").read_text().split())
    said = re.findall(r"\*\*(.+?)\*\*", document)
    assert len(said) > 10
    assert [words for words in said if words not in page] == []


@pytest.mark.django_db
def test_a_part_of_a_page_does_not_become_the_login(client: Client) -> None:
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, "Location" in answer.headers) == (401, False)
    answer = client.post("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "session_ended")
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_every_page_carries_the_security_headers(client: Client) -> None:
    headers = client.get("/accounts/login/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_the_footer_leads_to_the_intended_use(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "supports, it never diagnoses" in page
    assert "/intended-use/" in page
    assert client.get("/intended-use/").status_code == 200


def refused(request: HttpRequest) -> HttpResponse:
    answer = ClinicErrorMiddleware(lambda _: HttpResponse()).process_exception(
        request, ClinicError("too_large", "The file is too large.", 413)
    )
    assert answer is not None
    return answer


def test_a_refusal_is_a_page_for_people() -> None:
    answer = refused(RequestFactory().get("/", headers={"Accept": "text/html"}))
    assert answer.status_code == 413
    assert b"The file is too large." in answer.content


def test_a_refusal_is_json_for_programs() -> None:
    answer = refused(RequestFactory().get("/", headers={"Accept": "application/json"}))
    assert answer.status_code == 413
    assert json.loads(answer.content) == {"error": {"code": "too_large", "message": "The file is too large."}}


def test_other_exceptions_are_left_alone() -> None:
    request = RequestFactory().get("/")
    assert ClinicErrorMiddleware(lambda _: HttpResponse()).process_exception(request, ValueError("a name")) is None


@pytest.mark.parametrize(("view", "status"), [(views.bad_request, 400), (views.forbidden, 403), (views.not_found, 404)])
def test_error_pages_speak_plainly(view: Callable[[HttpRequest, Exception], HttpResponse], status: int) -> None:
    answer = view(RequestFactory().get("/", headers={"Accept": "text/html"}), ValueError("inner words"))
    assert answer.status_code == status
    assert b"inner words" not in answer.content
    assert b"That did not work" in answer.content


def test_the_last_page_leans_on_nothing() -> None:
    answer = views.server_error(RequestFactory().get("/", headers={"Accept": "text/html"}))
    assert answer.status_code == 500
    assert b"It has been logged" in answer.content


def test_log_lines_are_json_without_paths_or_queries(caplog: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().get("/patients/6e2d/?name=Sorrel")
    with caplog.at_level(logging.INFO, "skinclinic.request"):
        RequestLogMiddleware(lambda _: HttpResponse())(request)
    line = LineFormatter().format(caplog.records[-1])
    assert json.loads(line)["status"] == 200
    assert "Sorrel" not in line
    assert "6e2d" not in line


def test_failed_requests_are_logged_by_route() -> None:
    request = RequestFactory().get("/patients/6e2d/")
    record = logging.LogRecord("django.request", logging.ERROR, "f.py", 1, "%s: %s", ("Server Error", request.path), None)
    record.request = request
    assert json.loads(LineFormatter().format(record))["message"] == "Server Error: -"


def test_tracebacks_go_to_the_log() -> None:
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "broken", None, sys.exc_info())
    assert "ValueError: why" in json.loads(LineFormatter().format(record))["traceback"]


@pytest.mark.django_db
def test_a_refused_row_does_not_reach_the_log() -> None:
    name = "\n\n".join(["Sorrel", "and more"])
    with pytest.raises(IntegrityError, match=name) as refusal:
        Practice.objects.bulk_create([Practice(name=name) for _ in range(2)])
    error = refusal.value
    record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "refused", None, (type(error), error, error.__traceback__))
    line = LineFormatter().format(record)
    said = LineFormatter().format(logging.LogRecord("x", logging.ERROR, "f.py", 1, "Task raised: %r", (error,), None))
    assert "Sorrel" not in said
    assert "and more" not in said
    assert "practice_name" in line, "the constraint is worth knowing"
    assert "Sorrel" not in line
    assert "and more" not in line
