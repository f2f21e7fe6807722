"""Patients and lesions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from patients.forms.fields import DateInput, not_in_future
from patients.models import Laterality, Lesion, Patient
from patients.sites import BodySite, body_sites


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
