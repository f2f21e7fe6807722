"""Parts of pages that htmx asks for."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.middleware import HtmxDetails


class LoginForWholePageMiddleware:
    """When a session has ended, htmx would put the log-in into the middle of the page: the browser is told to go there instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response, asked = self.get_response(request), HtmxDetails(request)
        if not asked or not response.headers.get("Location", "").startswith(reverse("account_login")):
            return response
        back = asked.current_url_abs_path or reverse("home")
        return HttpResponse(headers={"HX-Redirect": redirect_to_login(back).url})
