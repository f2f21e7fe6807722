"""What a patient agrees to."""

from __future__ import annotations

from datetime import date

from django import forms
from django.utils import timezone

from patients.forms.fields import DateInput, not_in_future


class ConsentForm(forms.Form):
    given_on = forms.DateField(
        label="Agreed on", widget=DateInput(), initial=timezone.localdate, help_text="The day the patient signed or said so."
    )

    def clean_given_on(self) -> date | None:
        return not_in_future(self.cleaned_data["given_on"])
