"""Patients."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.http import QueryDict

from patients.forms.fields import DateInput, LineField, not_in_future
from patients.forms.versions import VersionedForm
from patients.models import Patient, RiskFactor, SkinType
from patients.models.records import EARLIEST_BIRTH


class PatientForm(VersionedForm[Patient]):
    """`duplicates` are the patients this may be; the page shows them and asks."""

    birth_date = forms.DateField(
        label="Date of birth",
        widget=DateInput(),
        input_formats=["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"],
        error_messages={"invalid": "This is not a valid date. Check day and month; write it as 1970-12-31."},
    )
    risk_factors = forms.MultipleChoiceField(choices=RiskFactor, required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Patient
        fields = [
            "family_name", "given_names", "birth_date", "sex", "record_number", "skin_type", "risk_factors", "address", "letter_language",
        ]  # fmt: skip
        field_classes = dict.fromkeys(["family_name", "given_names", "record_number"], LineField)
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"record_number": "The number of this patient in your practice."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.duplicates: list[Patient] = []
        cast(forms.ChoiceField, self.fields["skin_type"]).choices = [("", "Not known"), *SkinType.choices]

    def clean_birth_date(self) -> date | None:
        born: date | None = not_in_future(self.cleaned_data["birth_date"])
        if born is not None and born < EARLIEST_BIRTH:
            raise forms.ValidationError(f"Nobody born before {EARLIEST_BIRTH.year} is alive. Check the year.")
        return born

    def clean_risk_factors(self) -> list[str]:
        """In the order in which they are asked, so that the same answers are the same value."""
        return [one for one in RiskFactor.values if one in self.cleaned_data["risk_factors"]]

    def somebody_else_than(self) -> list[str]:
        """Those whom the page showed when somebody ticked that it is none of them."""
        data = cast(QueryDict, self.data)
        return data.getlist("shown") if data.get("is_somebody_else") else []


class SearchForm(forms.Form):
    """Sent by POST: what is searched for is patient data and must not stay in an address."""

    words = LineField(label="Find a patient", required=False, max_length=100)
    page = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput())
