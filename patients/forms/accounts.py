"""People, practices, pools, invitations and second factors, as administrators type them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator

from patients.forms.fields import LineField
from patients.models import Pool, Practice, Role, User
from patients.selectors.accounts import ROLE_FILTER, roles_needing_second_factor
from patients.services.accounts import PERSON_FIELDS, POOL_FIELDS, PRACTICE_FIELDS, version_of

PLACE_HELP = "Only general practitioners belong to a practice."


class PeopleFilterForm(forms.Form):
    words = forms.CharField(label="Name or e-mail", required=False, max_length=100)
    role = forms.ChoiceField(choices=ROLE_FILTER, required=False)
    practice = forms.ModelChoiceField(Practice.objects.all(), to_field_name="public_id", required=False, empty_label="All practices")
    state = forms.ChoiceField(label="Account", choices=[("", "All"), ("active", "Active"), ("off", "Switched off")], required=False)


class PlaceForm(forms.Form):
    """A role and, for general practitioners alone, a practice."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        role, practice = cleaned.get("role"), cleaned.get("practice")
        if role == Role.GP and practice is None:
            self.add_error("practice", "A general practitioner needs a practice.")
        if role != Role.GP and practice is not None:
            self.add_error("practice", "Only a general practitioner has a practice. Leave it empty for this role.")
        return cleaned


class PersonForm(PlaceForm):
    display_name = LineField(label="Name", max_length=150, help_text="As it appears beside what this person does.")
    email = forms.EmailField(label="E-mail address", required=False)
    role = forms.ChoiceField(choices=[("", "No role: sees nothing"), *Role.choices], required=False)
    practice = forms.ModelChoiceField(
        Practice.objects.all(), to_field_name="public_id", required=False, empty_label="None", help_text=PLACE_HELP
    )
    version = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, person: User, is_oneself: bool) -> None:
        initial = {name: getattr(person, name) for name in PERSON_FIELDS} | {"version": version_of(person, PERSON_FIELDS)}
        super().__init__(data, initial=initial)
        if is_oneself:
            self.fields["role"].disabled = self.fields["practice"].disabled = True
            self.fields["role"].help_text = "Your own role is changed by another administrator."

    @property
    def leaves_dermatology(self) -> bool:
        return bool(self.initial["role"] == Role.DERMATOLOGIST != self.cleaned_data["role"])


class PracticeForm(forms.ModelForm[Practice]):
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Practice
        fields = PRACTICE_FIELDS
        field_classes = dict.fromkeys(["name", "phone"], LineField)
        labels = {"is_open": "Open", "asks_impression": "Ask for one's own impression first"}
        widgets = {"address": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = version_of(self.instance, PRACTICE_FIELDS)
        else:
            del self.fields["is_open"]

    @property
    def closes(self) -> bool:
        return self.initial.get("is_open", False) and not self.cleaned_data["is_open"]


class PoolForm(forms.Form):
    name = LineField(max_length=120)
    members = forms.ModelMultipleChoiceField(
        User.objects.filter(role=Role.DERMATOLOGIST, is_active=True),
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, pool: Pool | None = None) -> None:
        initial = {"name": pool.name, "members": pool.members.all(), "version": version_of(pool, POOL_FIELDS)} if pool else None
        super().__init__(data, initial=initial)


class PolicyForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label="Roles that need a second factor",
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whoever has none yet is led to its set-up with their next page, and can do nothing else until it is done.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"roles": roles_needing_second_factor()})


class InvitationForm(PlaceForm):
    email = forms.EmailField(label="E-mail address")
    display_name = LineField(label="Name", max_length=150, help_text="As it will appear beside what this person does.")
    role = forms.ChoiceField(choices=[("", "Choose"), *Role.choices])
    practice = forms.ModelChoiceField(
        Practice.objects.filter(is_open=True), to_field_name="public_id", required=False, empty_label="None", help_text=PLACE_HELP
    )


class AcceptanceForm(forms.Form):
    """The invited person's choice."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        help_text="What you will type at the log-in. Letters, digits and @ . + - _",
    )
    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )
    password2 = forms.CharField(label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, User(username=self.cleaned_data.get("username", "")))
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password1") and cleaned["password1"] != cleaned.get("password2"):
            self.add_error("password2", "The two passwords differ. Type the same one twice.")
        return cleaned

    def choice(self) -> dict[str, str]:
        return {"username": self.cleaned_data["username"], "password": self.cleaned_data["password1"]}
