"""What several forms share."""

from __future__ import annotations

from datetime import date

from django import forms
from django.db.models import TextChoices
from django.utils import timezone


class DateInput(forms.DateInput):
    """The browser's own date picker; it needs ISO dates whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def not_in_future(value: date | None) -> date | None:
    if value is not None and value > timezone.localdate():
        raise forms.ValidationError("This date is in the future. Check the year.")
    return value


def or_not_stated(choices: type[TextChoices]) -> list[tuple[str, str]]:
    return [("", "Not stated"), *choices.choices]
