"""What is refused before a byte of it is read."""

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


def test_people_get_a_page_before_anybody_knows_them() -> None:
    request: HttpRequest = RequestFactory().post("/", headers={"Accept": "text/html"})
    request.META["CONTENT_LENGTH"] = str(10**9)
    refused = BodyLimitMiddleware(lambda _: HttpResponse())(request)
    assert (refused.status_code, b"more than can be sent" in refused.content) == (413, True)
