"""How much one request may carry, and in which letters. Asked before anybody has logged in, so it is judged by what it says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from skinclinic.errors import ClinicError, render_error

DISCARD_TIMES = 10
"""A film of a lesion, sent by mistake, is a few hundred megabytes at most; whoever sends more does not wait for a sentence."""

UTF_8 = {"utf-8", "utf8"}


class BodyLimitMiddleware:
    """Refuses a body that is too large, of no stated length, or in other letters than UTF-8, before a byte of it is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = _refusal(request)
        if refusal is None:
            return self.get_response(request)
        _discard_body(request)
        return render_error(request, refusal)


def _discard_body(request: HttpRequest) -> None:
    """Browsers read no answer before they have sent everything: what somebody may send by mistake is taken and thrown away.

    Beyond ten times the limit the connection is cut instead.
    """
    if _stated_length(request) > DISCARD_TIMES * settings.MAX_REQUEST_BYTES:
        return
    with contextlib.suppress(UnreadablePostError):
        while request.read(2**16):
            pass


def _stated_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _refusal(request: HttpRequest) -> ClinicError | None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if "Transfer-Encoding" in request.headers or not length.isdecimal():
        return ClinicError("length_required", "This request does not say how long it is, so it was not read. Send its length.", 411)
    if _stated_length(request) > settings.MAX_REQUEST_BYTES:
        message = (
            f"This is more than can be sent at once. An image may have {settings.IMAGE_MAX_MB} MB; export it as JPEG and send that file."
        )
        return ClinicError("too_large", message, 413)
    # Django would decode with whatever codec of Python's is named here: some are none for text, others make signs that cannot be stored.
    if ((request.content_params or {}).get("charset") or "utf-8").lower() not in UTF_8:
        return ClinicError("charset", "This request is not written in UTF-8, so it was not read. Send it as UTF-8.", 415)
    return None
