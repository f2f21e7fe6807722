"""Saving what a colleague may have changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from patients.forms.versions import VersionedForm
from skinclinic.errors import ClinicError

T = TypeVar("T")
F = TypeVar("F", bound=VersionedForm[Any])


def saved_version(form: F, save: Callable[[], T], current: Callable[[], Any]) -> tuple[T | None, F]:
    """As `pages.saved`, with the form to show: when a colleague was faster, what was typed on the record as it is now."""
    if not form.is_valid():
        return None, form
    try:
        return save(), form
    except ClinicError as refusal:
        if refusal.http_status in {403, 404}:
            raise
        shown = form.brought_up_to_date(current()) if refusal.code == "changed_meanwhile" else form
        shown.add_error(None, refusal.message)
        return None, shown
