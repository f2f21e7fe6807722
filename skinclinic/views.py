"""Pages that belong to no app: health, intended use, and the error pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from skinclinic import errors, sessions
from skinclinic.health import check_all


@login_not_required
@never_cache
@require_GET
def health(_request: HttpRequest) -> JsonResponse:
    checks = check_all()
    healthy = all(state == "ok" for state in checks.values())
    return JsonResponse({"status": "ok" if healthy else "failing", "checks": checks}, status=200 if healthy else 503)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> JsonResponse:
    """What a page asks before it sends a form: is the session still open, and whose is it? POST keeps it open."""
    if not request.user.is_authenticated:
        return JsonResponse({"open": False})
    left_s = sessions.left_s(request) if request.method == "GET" else sessions.renewed_s(request)
    return JsonResponse({"open": True, "person": sessions.person_mark(request), "left_s": left_s, "csrf_token": get_token(request)})


@login_not_required
@require_GET
def intended_use(request: HttpRequest) -> HttpResponse:
    return render(request, "skinclinic/intended_use.html")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    message = "The server could not read this request. Go back, reload the page and try again."
    return errors.render_error(request, errors.ClinicError("bad_request", message, 400))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    message = "Your account may not do this. If you need it for your work, ask the administrator of your practice."
    return errors.render_error(request, errors.ClinicError("forbidden", message, 403))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    message = "There is nothing here that you can see. The address may be mistyped, or the record belongs to another practice."
    return errors.render_error(request, errors.ClinicError("not_found", message, 404))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    message = "This page had been open for too long, so nothing was saved. Reload it and send the form again."
    return errors.render_error(request, errors.ClinicError("stale_form", message, 403))


def server_error(request: HttpRequest) -> HttpResponse:
    """Leans on nothing that may itself be broken: no user, no database, no other template."""
    if errors.wants_json(request):
        message = "Something went wrong on the server. It has been logged; please try again."
        return JsonResponse({"error": {"code": "server_error", "message": message}}, status=500)
    return render(request, "500.html", status=500)
