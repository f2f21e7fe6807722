"""How somebody wants to be written to."""

from __future__ import annotations

from django import forms

from patients.models import Language, Notification


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label="Language of the mails", choices=Language)
    mails = forms.MultipleChoiceField(
        label="Send me a mail when", choices=Notification.Kind, required=False, widget=forms.CheckboxSelectMultiple
    )
