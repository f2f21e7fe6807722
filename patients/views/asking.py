"""Acts of administration that end something for somebody: a page says what follows, and only its button does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from patients import selectors, services
from patients.models import User
from patients.second_factor import factors_of


@dataclass(frozen=True)
class Act:
    service: Callable[..., None]
    title: str
    button: str
    follows: Callable[[User], list[str]]
    is_possible: Callable[[User], bool]
    done: str


ACTS = {
    "deactivate": Act(
        services.deactivate_person,
        "Switch off the account of {}?",
        "Switch the account off",
        selectors.of_deactivating,
        lambda person: person.is_active,
        "The account is switched off and every session of it has ended.",
    ),
    "reactivate": Act(
        services.reactivate_person,
        "Switch on the account of {}?",
        "Switch the account on again",
        selectors.of_reactivating,
        lambda person: not person.is_active,
        "The account is active again.",
    ),
    "reset-factor": Act(
        services.reset_second_factor,
        "Reset the second factor of {}?",
        "Reset the second factor",
        selectors.of_resetting_factor,
        lambda person: bool(factors_of(person)),
        "The second factor is gone. At the next log-in the password alone is asked for.",
    ),
}


def is_asked_first(request: HttpRequest, form: forms.BaseForm) -> bool:
    """What was sent could be saved, and whoever sent it has not been told yet what follows."""
    return form.is_valid() and "confirmed" not in request.POST


def asking_page(request: HttpRequest, *, title: str, button: str, back: str, follows: list[str]) -> HttpResponse:
    """What was typed goes along in hidden fields."""
    kept = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
    context = {"title": title, "button": button, "back": back, "follows": follows, "kept": kept}
    return render(request, "patients/administration/confirm.html", context)
