"""Accounts that wait for their person. The secret of a link is handed on and kept nowhere: the database has its SHA-256."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from patients import audit
from patients.models import Invitation, Practice, User
from patients.services.accounts import check_place, lock_administration
from skinclinic.errors import ClinicError

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
GONE = "This invitation cannot be used: it was used already, taken back, or is older than seven days. Ask your administrator for a new one."


def invite(*, actor: User, email: str, display_name: str, role: str, practice: Practice | None) -> tuple[Invitation, str]:
    """The invitation and the secret of its link."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        lock_administration(actor)
        check_place(role, practice)
        _refuse_known(email)
        invitation = Invitation.objects.create(
            email=email, display_name=display_name, role=role, practice=practice, by=actor, **_link(secret)
        )
        audit.record(actor=actor, action="invitation.create", obj=invitation)
    return invitation, secret


def renew_invitation(*, actor: User, invitation: Invitation) -> tuple[Invitation, str]:
    """A new link for seven more days; the old one stops working."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        lock_administration(actor)
        current = _waiting(invitation)
        Invitation.objects.filter(pk=current.pk).update(**_link(secret))
        audit.record(actor=actor, action="invitation.renew", obj=current)
    current.refresh_from_db()
    return current, secret


def revoke_invitation(*, actor: User, invitation: Invitation) -> None:
    with transaction.atomic():
        lock_administration(actor)
        current = _waiting(invitation)
        Invitation.objects.filter(pk=current.pk).update(revoked_at=timezone.now())
        audit.record(actor=actor, action="invitation.revoke", obj=current)


def find_invitation(secret: str) -> Invitation:
    """Raises ClinicError, always the same, for a link that was used, taken back, is too old or was never ours."""
    found = Invitation.objects.select_related("practice").filter(token_sha256=_digest(secret)).first()
    if found is None or found.accepted_at or found.revoked_at or found.expires_at <= timezone.now():
        raise ClinicError("invitation_gone", GONE, http_status=410)
    return found


def accept_invitation(*, secret: str, username: str, password: str) -> User:
    """Makes the account, in the role and practice that were fixed, and uses the link up."""
    with transaction.atomic():
        Invitation.objects.select_for_update().filter(token_sha256=_digest(secret)).first()
        invitation = find_invitation(secret)
        user = _new_account(invitation, username, password)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now(), account=user)
        audit.record(actor=user, action="invitation.accept", obj=invitation)
        audit.record(actor=user, action="account.create", obj=user, detail={"by": "invitation"})
    return user


def mail_invitation(*, invitation: Invitation, link: str) -> bool:
    """Whether the mail server took it. If not, or when there is none, the administrator hands the link over in person."""
    if not settings.EMAIL_HOST:
        return False
    text = render_to_string("patients/email/invitation.txt", {"invitation": invitation, "link": link})
    try:
        send_mail("Your account in skinclinic", text, None, [invitation.email])
    except (OSError, SMTPException):
        log.exception("an invitation could not be sent")
        return False
    return True


def _new_account(invitation: Invitation, username: str, password: str) -> User:
    user = User(
        username=username,
        email=invitation.email,
        display_name=invitation.display_name,
        role=invitation.role,
        practice=invitation.practice,
    )
    if User.objects.filter(username__iexact=username).exists():
        raise ClinicError("name_taken", "Somebody else has this user name. Choose another.", http_status=409)
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        raise ClinicError("weak_password", " ".join(refusal.messages)) from None
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        message = "An account with this user name or e-mail address exists already. Choose another name, or ask your administrator."
        raise ClinicError("name_taken", message, http_status=409) from None
    return user


def _refuse_known(email: str) -> None:
    if User.objects.filter(email__iexact=email).exists():
        raise ClinicError("has_account", "Somebody with this e-mail address has an account already. Look under People.", http_status=409)
    if Invitation.objects.filter(email__iexact=email, accepted_at=None, revoked_at=None).exists():
        message = "This address has been invited already. Send that invitation again, or take it back first."
        raise ClinicError("invited_already", message, http_status=409)


def _waiting(invitation: Invitation) -> Invitation:
    current = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if current.accepted_at or current.revoked_at:
        raise ClinicError("invitation_closed", "This invitation was used or taken back already.", http_status=409)
    return current


def _link(secret: str) -> dict[str, object]:
    return {"token_sha256": _digest(secret), "expires_at": timezone.now() + VALID_FOR}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
