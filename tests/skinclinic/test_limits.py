"""What is refused before a byte of it is kept."""

from __future__ import annotations

import json

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from skinclinic.limits import BodyLimitMiddleware


def answer(**said: str) -> HttpResponse:
    request = RequestFactory().post("/", headers={"Accept": "application/json"})
    request.META |= said
    return BodyLimitMiddleware(lambda _: HttpResponse("read"))(request)


def test_a_body_of_the_largest_image_is_read(settings: LazySettings) -> None:
    assert answer(CONTENT_LENGTH=str(settings.IMAGE_MAX_MB * 2**20)).content == b"read"
    assert answer(CONTENT_LENGTH="").content == b"read"


@pytest.mark.parametrize("length", ["22020097", "9" * 30])
def test_more_is_refused_with_a_sentence(length: str) -> None:
    refused = answer(CONTENT_LENGTH=length)
    assert refused.status_code == 413
    assert "20 MB" in json.loads(refused.content)["error"]["message"]


@pytest.mark.parametrize("said", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "-1"}, {"CONTENT_LENGTH": "many"}])
def test_a_body_of_no_stated_length_is_refused(said: dict[str, str]) -> None:
    assert answer(**said).status_code == 411


@pytest.mark.parametrize(("size", "is_taken"), [(2_000, True), (20_000, False)])
def test_a_body_somewhat_too_large_is_thrown_away_so_that_the_answer_arrives(settings: LazySettings, size: int, is_taken: bool) -> None:
    settings.MAX_REQUEST_BYTES = 1_000
    request = RequestFactory().post("/", b"x" * size, content_type="application/octet-stream")
    assert BodyLimitMiddleware(lambda _: HttpResponse())(request).status_code == 413
    assert (request.read() == b"") == is_taken


@pytest.mark.parametrize("charset", ["rot13", "unicode_escape", "utf-16", "idna", "no-such-letters", ""])
def test_other_letters_than_utf_8_are_refused(charset: str) -> None:
    """Of these some end in an error page, others in half a sign that no database takes."""
    request = RequestFactory().generic("POST", "/", b"words=x", content_type=f"application/x-www-form-urlencoded; charset={charset}")
    assert BodyLimitMiddleware(lambda _: HttpResponse())(request).status_code == (415 if charset else 200)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded; charset=UTF-8", "multipart/form-data; boundary=x", ""])
def test_what_browsers_send_is_read(kind: str) -> None:
    request = RequestFactory().post("/", b"", content_type=kind)
    assert BodyLimitMiddleware(lambda _: HttpResponse())(request).status_code == 200


def test_people_get_a_page_before_anybody_knows_them() -> None:
    request: HttpRequest = RequestFactory().post("/", headers={"Accept": "text/html"})
    request.META["CONTENT_LENGTH"] = str(10**9)
    refused = BodyLimitMiddleware(lambda _: HttpResponse())(request)
    assert (refused.status_code, b"more than can be sent" in refused.content) == (413, True)
