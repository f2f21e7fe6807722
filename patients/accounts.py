"""Logging in and out leaves a trace. Done in allauth's adapter, which asks before and after, rather than in signals."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest

from patients import audit
from patients.models import User
from skinclinic.accounts import StaffOnlyAdapter


class AuditedAdapter(StaffOnlyAdapter):
    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        audit.record(actor=user, action="account.login", obj=user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            audit.record(actor=user, action="account.logout", obj=user)

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        audit.record(actor=user, action="account.password", obj=user)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Names no account that was not found: people type passwords into the wrong field."""
        super().authentication_failed(request, **credentials)
        names = Q(username=credentials.get("username") or "")
        if address := credentials.get("email"):
            names |= Q(email__iexact=address)
        tried = User.objects.filter(names).first()
        if tried is not None:
            audit.record(actor=AnonymousUser(), action="account.login-failed", obj=tried)
