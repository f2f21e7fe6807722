"""Everybody with an account."""

from __future__ import annotations

from django.db.models import QuerySet

from patients.models import User


def people() -> QuerySet[User]:
    """Everybody with an account, for administrators."""
    return User.objects.select_related("practice").order_by("practice__name", "role", "display_name")
