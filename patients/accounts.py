"""Logging in and out leaves a trace. Done in allauth's adapter, which asks before and after, rather than in signals."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.forms import UserTokenForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.utils import url_str_to_user_pk
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest

from patients import audit, lockout, second_factor
from patients.models import User
from skinclinic.accounts import StaffOnlyAdapter

log = logging.getLogger(__name__)


class PeopleBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's, which also finds with the person, in the same query, whether a second factor is still missing."""

    def get_user(self, user_id: int | str) -> User | None:
        user = User.objects.annotate(lacks_second_factor=second_factor.IS_MISSING).select_related("practice").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class AuditedAdapter(StaffOnlyAdapter):
    error_messages = StaffOnlyAdapter.error_messages | {"too_many_login_attempts": lockout.SENTENCE}

    def login(self, request: HttpRequest, user: User) -> None:
        factors = [one.get("type") for one in get_authentication_records(request, user) if one["method"] == "mfa"]
        super().login(request, user)
        for factor in factors:
            audit.record(actor=user, action="account.factor-used", obj=user, detail={"factor": factor})
        audit.record(actor=user, action="account.login", obj=user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            audit.record(actor=user, action="account.logout", obj=user)

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        audit.record(actor=user, action="account.password", obj=user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        tried = _account_of(credentials)
        if tried is not None and lockout.locked_until(tried, (lockout.PASSWORD_FAILED,)):
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Names no account that was not found: people type passwords into the wrong field."""
        super().authentication_failed(request, **credentials)
        tried = _account_of(credentials)
        if tried is not None:
            lockout.record_failure(tried, lockout.PASSWORD_FAILED)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """allauth begins the key with the counted key of the account; the link has the one that cannot be guessed."""
        counted, _, secret = key.partition("-")
        person = User.objects.get(pk=url_str_to_user_pk(counted))
        link: str = super().get_reset_password_from_key_url(f"{person.public_id.hex}-{secret}")
        return link

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """allauth says here what became of somebody's factors."""
        super().send_notification_mail(template_prefix, user, context, email)
        change = second_factor.CHANGES.get(template_prefix)
        if change is not None:
            verb, factor = change
            audit.record(actor=user, action=f"account.factor-{verb}", obj=user, detail={"factor": factor})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Somebody at the door learns neither from an error nor from a page whether an address has an account."""
        if not settings.EMAIL_HOST:
            return
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException):
            log.exception("a letter about an account could not be sent")


class LinkForm(UserTokenForm):  # type: ignore[misc]
    """Whose link for a new password it is."""

    def _get_user(self, uidb36: str | None) -> User | None:
        try:
            return User.objects.filter(public_id=UUID(uidb36 or "")).first()
        except ValueError:
            return None


def _account_of(credentials: dict[str, Any]) -> User | None:
    names = Q(username__iexact=credentials.get("username") or "")
    if address := credentials.get("email"):
        names |= Q(email__iexact=address)
    return User.objects.filter(names).first()
