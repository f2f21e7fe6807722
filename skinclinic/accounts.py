"""How people get in: accounts are made by an admin, never by the person at the door."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from allauth.mfa.webauthn.views import EditWebAuthnView, RemoveWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


class StaffOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the sign-up that allauth offers by default."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


def _say_all_in_labels(form: forms.Form) -> None:
    """Grey text in a field vanishes under the hand."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class NameOrAddressForm(LoginForm):  # type: ignore[misc]
    """allauth's form, with a label that says what may be typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail address")
        self.fields["password"].help_text = ""
        _say_all_in_labels(self)


class AddressForm(ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address of your account")
        _say_all_in_labels(self)


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_all_in_labels(self)


class ActivationForm(ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code shown by the app")
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
        _say_all_in_labels(self)


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this passkey")
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["maxlength"] = 60
        alone = self.fields["passwordless"]
        alone.label = _("Log in with this passkey alone")
        alone.help_text = _("Without user name and password. The device then asks for a fingerprint, a face or its PIN.")


class NamedByCredential:
    """The address of a passkey has the identifier that its device made up, not the number of its row."""

    slug_field = "data__credential__rawId"
    slug_url_kwarg = "credential"
    success_url = reverse_lazy("mfa_index")


class RenamePasskeyView(NamedByCredential, EditWebAuthnView):  # type: ignore[misc]
    pass


class RemovePasskeyView(NamedByCredential, RemoveWebAuthnView):  # type: ignore[misc]
    """allauth asks whether an authenticator may go for codes of apps alone; the same holds for passkeys."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        adapter = get_factor_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
            return redirect("mfa_index")
        response: HttpResponse = super().form_valid(form)
        return response
