"""What the pages of the records share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from patients.models import Patient, User
from skinclinic.errors import ClinicError

T = TypeVar("T")


def person(request: HttpRequest) -> User:
    """Whoever is logged in: nobody else gets past LoginRequiredMiddleware."""
    return cast(User, request.user)


def saved(form: forms.BaseForm, save: Callable[[], T]) -> T | None:
    """The service's answer; None when the form is empty, incomplete, or the service refused: then the form says why."""
    if not form.is_valid():
        return None
    try:
        return save()
    except ClinicError as refusal:
        if refusal.http_status == 403:
            raise
        form.add_error(None, refusal.message)
        return None


def form_page(
    request: HttpRequest, form: forms.BaseForm, *, title: str, button: str, back: str, patient: Patient | None = None
) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "back": back, "patient": patient}
    return render(request, "patients/form.html", context, status=400 if form.errors else 200)
