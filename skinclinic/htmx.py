"""What a page asks for in the background: parts of it by htmx, JSON by its scripts."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from skinclinic.errors import wants_json

SESSION_ENDED = "Your session has ended. Log in again in a new tab, then send this once more; what you typed is still here."


class SessionEndedMiddleware:
    """When a session has ended, a background request would put the log-in into the middle of the page, or take the page away and
    what was typed with it. It is told 401 instead, and static/skinclinic/session.js tells the person.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.headers.get("Location", "").startswith(reverse("account_login")) or request.user.is_authenticated:
            return response
        if wants_json(request):
            return JsonResponse({"error": {"code": "session_ended", "message": SESSION_ENDED}}, status=401)
        return HttpResponse(SESSION_ENDED, status=401) if HtmxDetails(request) else response
