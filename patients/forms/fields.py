"""What several forms share."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils import timezone

STRAY_JOINERS = re.compile("(?<![\u0600-\u0dff])[\u200c\u200d]")
"""Signs that join and separate letters, where no letter of Arabic or an Indian script stands before them."""

KEPT = "\0\u200c\u200d"


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


def visible(text: str) -> str:
    """A line without signs that nobody sees: two names or numbers that look the same are the same, and none is written backwards.

    What joins and separates letters in Persian and Indian scripts is kept; what no text has, NUL, is left for the field to refuse.
    """
    line = STRAY_JOINERS.sub("", " ".join(text.split()))
    return "".join(sign for sign in line if sign in KEPT or unicodedata.category(sign) not in {"Cc", "Cf"}).strip()


class LineField(forms.CharField):
    """One line: a name, a number, a title."""

    def to_python(self, value: Any) -> str:
        return visible(str(super().to_python(value) or ""))
