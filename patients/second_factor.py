"""A code from an app or a passkey beside the password: who needs one, what is kept of it, and what happens until it is there."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from fido2.utils import websafe_decode, websafe_encode

from patients import audit, lockout
from patients.models import RolePolicy, User
from skinclinic.errors import ClinicError, render_error, wants_json

log = logging.getLogger(__name__)

REAL = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
"""Recovery codes stand in for one of these, they are no factor of their own."""
IS_MISSING = Exists(RolePolicy.objects.filter(role=OuterRef("role"), needs_second_factor=True)) & ~Exists(
    Authenticator.objects.filter(user=OuterRef("pk"), type__in=REAL)
)
CHANGES = {
    "mfa/email/totp_activated": ("added", "totp"),
    "mfa/email/totp_deactivated": ("removed", "totp"),
    "mfa/email/webauthn_added": ("added", "webauthn"),
    "mfa/email/webauthn_removed": ("removed", "webauthn"),
    "mfa/email/recovery_codes_generated": ("added", "recovery_codes"),
}
"""The letters allauth would write about a change of factors, and the change."""


def factors_of(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type__in=REAL).order_by("created_at"))


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Your role needs a second factor and this is your last one. Add another first.",
        "incorrect_code": "That did not match. Check the code, or the clock of your device, and try again.",
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        user = authenticator.user
        is_needed = RolePolicy.objects.filter(role=user.role, needs_second_factor=True).exists()
        return not is_needed or any(one.pk != authenticator.pk for one in factors_of(user))

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """What a device keeps of its owner names no counted key either."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"id": user.public_id.hex.encode()}

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 - allauth's name
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def encrypt(self, text: str) -> str:
        """A copy of the database alone does not let anybody compute codes."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """With another SECRET_KEY nothing fits any more, and then no code must fit either."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.error("a second factor was stored under another SECRET_KEY; an administrator has to reset it")
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _box() -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"skinclinic second factor").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _checked(user: User, factor: str, check: Callable[[], Any]) -> Any:
    """What a form makes of a factor. A wrong one is recorded; after five nothing is looked at any more."""
    if lockout.locked_until(user, (lockout.FACTOR_FAILED,)):
        raise forms.ValidationError(lockout.SENTENCE, code="too_many_login_attempts")
    try:
        return check()
    except forms.ValidationError as refusal:
        if refusal.code == "incorrect_code":
            lockout.record_failure(user, lockout.FACTOR_FAILED, factor=factor)
        raise


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code from your app, or a recovery code"
        self.fields["code"].widget.attrs.pop("placeholder", None)

    def clean_code(self) -> str:
        code: str = _checked(self.user, "code", super().clean_code)
        return code


class ReauthenticationCodeForm(ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code from your app, or a recovery code"
        self.fields["code"].widget.attrs.pop("placeholder", None)

    def clean_code(self) -> str:
        code: str = _checked(self.user, "code", super().clean_code)
        return code

    def save(self) -> None:
        super().save()
        audit.record(actor=self.user, action="account.factor-used", obj=self.user, detail={"factor": self.authenticator.type})


class PasskeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Authenticator:
        return _checked(self.user, "webauthn", super().clean_credential)


class PasskeyLoginForm(LoginWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Authenticator:
        _name_by_key(self.cleaned_data["credential"])
        return super().clean_credential()


def _name_by_key(credential: Any) -> None:
    """The device names its owner by `public_id`, and allauth looks for the key. What is nobody's stays for allauth to refuse, and so do
    devices that were given the key itself."""
    try:
        owner = User.objects.get(public_id=UUID(websafe_decode(credential["response"]["userHandle"]).decode()))
    except (ValueError, TypeError, LookupError, AttributeError, User.DoesNotExist):
        return
    credential["response"]["userHandle"] = websafe_encode(user_pk_to_url_str(owner).encode())


class SecondFactorMiddleware:
    """Whose role needs a second factor sets one up before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if not getattr(request.user, "lacks_second_factor", False) or _is_open(request):
            return None
        if wants_json(request) or "HX-Request" in request.headers:
            message = "Your role needs a second factor at the log-in. Set one up first: open the page “Second factor” in your account menu."
            return render_error(request, ClinicError("second_factor_missing", message, 403))
        return redirect("mfa_index")


def _is_open(request: HttpRequest) -> bool:
    name = request.resolver_match.url_name if request.resolver_match else None
    return bool(name) and str(name).startswith(("mfa_", "account_", "session", "health", "intended-use", "invitation-accept"))
