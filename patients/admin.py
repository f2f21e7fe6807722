"""Accounts, practices and pools. Nothing clinical: an administrator opens records with a reason, in the records' own pages."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from patients import audit
from patients.models import Pool, Practice, User

M = TypeVar("M", bound=Model)


class AuditedAdmin(admin.ModelAdmin[M]):
    """Every change leaves its trace beside those of the records: the names of fields, never values."""

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        _record(request, "create", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        _record(request, "change", obj, changes=message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[M]) -> Any:
        for obj in queryset:
            _record(request, "delete", obj)
        return super().log_deletions(request, queryset)


def _record(request: HttpRequest, verb: str, obj: Model, **detail: Any) -> None:
    noun = "account" if isinstance(obj, User) else obj._meta.model_name
    audit.record(actor=request.user, action=f"{noun}.{verb}", obj=obj, detail=detail)


@admin.register(Practice)
class PracticeAdmin(AuditedAdmin[Practice]):
    pass


@admin.register(User)
class PersonAdmin(AuditedAdmin[User], UserAdmin[User]):
    list_display = ("username", "display_name", "role", "practice", "is_active")
    list_filter = ("role", "practice", "is_active")
    fieldsets = ((None, {"fields": ("username", "password", "display_name", "email", "role", "practice", "is_active")}),)
    add_fieldsets = (
        (None, {"fields": ("username", "display_name", "email", "role", "practice", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody changes what they may see themselves: that takes a second administrator, and leaves that one's trace."""
        return ("role", "practice", "is_active") if obj is not None and obj == request.user else ()

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's name
        return super().user_change_password(request, id, form_url)


@admin.register(Pool)
class PoolAdmin(AuditedAdmin[Pool]):
    filter_horizontal = ("members",)
