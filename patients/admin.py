"""Accounts, practices and pools. Nothing clinical: an administrator opens records with a reason, in the records' own pages."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from patients.models import Pool, Practice, User

admin.site.register(Practice)


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    list_display = ("username", "display_name", "role", "practice", "is_active")
    list_filter = ("role", "practice", "is_active")
    fieldsets = ((None, {"fields": ("username", "password", "display_name", "email", "role", "practice", "is_active", "is_staff")}),)
    add_fieldsets = (
        (None, {"fields": ("username", "display_name", "email", "role", "practice", "usable_password", "password1", "password2")}),
    )


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin[Pool]):
    filter_horizontal = ("members",)
