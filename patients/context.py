"""What every page may show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest

from patients.models import User
from patients.selectors import unread_count


def bell(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """How much is unread; asked of the database only by templates that show it, and never for the anonymous."""
    user = getattr(request, "user", None)
    return {"unread_count": partial(unread_count, user)} if isinstance(user, User) else {}
