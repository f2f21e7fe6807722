"""Patients."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from patients.forms.fields import DateInput, not_in_future
from patients.models import Patient


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
