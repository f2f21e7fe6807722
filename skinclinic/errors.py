"""Refusals a person can read, and the one place where they become pages or JSON."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


class ClinicError(Exception):
    """A refusal with a stable code for programs and one sentence for the person in front of the screen."""

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def render_error(request: HttpRequest, error: ClinicError) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.http_status)
    return render(request, "skinclinic/error.html", {"error": error}, status=error.http_status)


class ClinicErrorMiddleware:
    """Answers every `ClinicError` a view lets through; anything else stays a server error, its traceback in the log only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return render_error(request, exception) if isinstance(exception, ClinicError) else None
