"""What people type, parsed. Services receive values, never a request."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils import timezone

from patients import limits
from patients.capture import CaptureFields
from patients.models import Contact, Immersion, Laterality, Lesion, Modality, Patient, Polarisation, Pool, Practice, Role, User
from patients.models.records import MIN_BREAK_GLASS_REASON
from patients.sites import BodySite, body_sites


class DateInput(forms.DateInput):
    """The browser's own date picker; it needs ISO dates whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def not_in_future(value: date | None) -> date | None:
    if value is not None and value > timezone.localdate():
        raise forms.ValidationError("This date is in the future. Check the year.")
    return value


class PatientForm(forms.ModelForm[Patient]):
    class Meta:
        model = Patient
        fields = ["family_name", "given_names", "birth_date", "sex", "record_number", "skin_type"]
        widgets = {"birth_date": DateInput()}
        help_texts = {"record_number": "The number of this patient in your practice."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """When changing a patient, the page carries along what it showed: a colleague's change meanwhile must not be undone."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not self.instance._state.adding

    def clean_birth_date(self) -> date | None:
        return not_in_future(self.cleaned_data["birth_date"])


class LesionForm(forms.ModelForm[Lesion]):
    site_key = forms.ChoiceField(
        label="Body site",
        choices=lambda: [("", "Choose a site"), *((site.key, site.label) for site in body_sites().values())],
        help_text="Coded after DICOM CID 4029, Dermatology Anatomic Sites.",
        widget=forms.Select(attrs={"data-filter": "Search the body sites"}),
    )
    laterality = forms.ChoiceField(label="Side", choices=[("", "Choose a side"), *Laterality.choices])

    class Meta:
        model = Lesion
        fields = ["laterality", "first_noticed", "note"]
        widgets = {"first_noticed": DateInput(), "note": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"first_noticed": "Roughly is enough."}

    field_order = ["site_key", "laterality", "first_noticed", "note"]

    def clean_first_noticed(self) -> date | None:
        return not_in_future(self.cleaned_data["first_noticed"])

    def site(self) -> BodySite:
        return body_sites()[self.cleaned_data["site_key"]]


def _or_not_stated(choices: type[TextChoices]) -> list[tuple[str, str]]:
    return [("", "Not stated"), *choices.choices]


class ImageUploadForm(forms.Form):
    """One image and how it was taken. What is wrong with the file itself is the intake's to say."""

    image = forms.FileField(
        allow_empty_file=True,
        help_text=f"JPEG, PNG or DICOM, at most {limits.MAX_BYTES // 2**20} MB.",
        error_messages={"required": "Choose an image first.", "missing": "Choose an image first."},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/dicom,.dcm", "data-max-bytes": limits.MAX_BYTES}),
    )
    modality = forms.ChoiceField(
        choices=[("", "Choose"), *Modality.choices], error_messages={"required": "Choose dermoscopic or macroscopic."}
    )
    polarisation = forms.ChoiceField(choices=_or_not_stated(Polarisation), required=False)
    contact = forms.ChoiceField(choices=_or_not_stated(Contact), required=False)
    immersion = forms.ChoiceField(choices=_or_not_stated(Immersion), required=False)
    magnification = forms.DecimalField(
        min_value=Decimal(1), max_digits=5, decimal_places=1, required=False, help_text="Optical, for example 10."
    )
    taken_on = forms.DateField(widget=DateInput(), required=False)

    def clean_taken_on(self) -> date | None:
        return not_in_future(self.cleaned_data["taken_on"])

    def capture(self) -> CaptureFields:
        return CaptureFields(**{field.name: self.cleaned_data[field.name] for field in fields(CaptureFields)})


def referral_targets() -> dict[str, User | Pool]:
    """Everybody a lesion may be shown to; a pool without an active member would be a letter nobody reads."""
    people = User.objects.filter(role=Role.DERMATOLOGIST, is_active=True)
    pools = Pool.objects.filter(members__is_active=True).distinct()
    return {f"user-{user.pk}": user for user in people} | {f"pool-{pool.pk}": pool for pool in pools}


def _target_choices() -> list[tuple[str, str]]:
    named = ((key, f"{target} (pool)" if isinstance(target, Pool) else str(target)) for key, target in referral_targets().items())
    return [("", "Choose a dermatologist or a pool"), *named]


class ReferralForm(forms.Form):
    """Exactly one target: a dermatologist or a pool, in one list."""

    target_key = forms.ChoiceField(label="Refer to", choices=_target_choices)
    question = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text="What you would like to know."
    )

    def target(self) -> User | Pool:
        return referral_targets()[self.cleaned_data["target_key"]]


class BreakGlassForm(forms.Form):
    practice = forms.ModelChoiceField(Practice.objects.all())
    record_number = forms.CharField(max_length=40)
    reason = forms.CharField(
        min_length=MIN_BREAK_GLASS_REASON,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the record and shown to whoever asks who opened it.",
    )


class SearchForm(forms.Form):
    """Sent by POST: what is searched for is patient data and must not stay in an address."""

    words = forms.CharField(
        label="Find a patient",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Name, record number or date of birth (1970-12-31)", "autocomplete": "off"}
        ),
    )
    page = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput())
