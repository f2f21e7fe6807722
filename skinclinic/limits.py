"""How much one request may carry. Asked before anybody has logged in, so it is judged by what the request says of itself."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from skinclinic.errors import ClinicError, render_error


class BodyLimitMiddleware:
    """Refuses a body that is too large, or of no stated length, before a byte of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = _refusal(request)
        return self.get_response(request) if refusal is None else render_error(request, refusal)


def _refusal(request: HttpRequest) -> ClinicError | None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if "Transfer-Encoding" in request.headers or not length.isdecimal():
        return ClinicError("length_required", "This request does not say how long it is, so it was not read. Send its length.", 411)
    if int(length) > settings.MAX_REQUEST_BYTES:
        message = (
            f"This is more than can be sent at once. An image may have {settings.IMAGE_MAX_MB} MB; export it as JPEG and send that file."
        )
        return ClinicError("too_large", message, 413)
    return None
