"""Lesions and their checklist."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from patients.forms.fields import DateInput
from patients.models import Checklist, Laterality, Lesion, Patient, Symptom
from patients.services.lesions import SIGNS, impossible_day
from patients.sites import BodySite, body_sites


class LesionForm(forms.Form):
    site_key = forms.ChoiceField(
        label="Body site",
        choices=lambda: [("", "Choose a site"), *((site.key, site.label) for site in body_sites().values())],
        help_text="Coded after DICOM CID 4029, Dermatology Anatomic Sites.",
        widget=forms.Select(attrs={"data-filter": "Search the body sites"}),
    )
    laterality = forms.ChoiceField(
        label="Side", choices=[("", "Choose a side"), *Laterality.choices], help_text="The patient's own left and right."
    )
    first_noticed = forms.DateField(widget=DateInput(), required=False, help_text="Any day of the month will do: say that it is rough.")
    first_noticed_roughly = forms.BooleanField(label="This date is rough", required=False)
    symptoms = forms.MultipleChoiceField(choices=Symptom.choices, required=False, widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput())

    def __init__(self, patient: Patient, data: Any = None, *, lesion: Lesion | None = None) -> None:
        super().__init__(data, initial=_shown(lesion) if lesion else None)
        self.patient = patient
        self.compared_with = self["version"].value() or ""
        """The version that the page says it shows."""

    def clean_first_noticed(self) -> date | None:
        day: date | None = self.cleaned_data["first_noticed"]
        if message := impossible_day(self.patient.birth_date, day):
            raise forms.ValidationError(message)
        return day

    def facts(self) -> dict[str, Any]:
        """As the services take them. Without a date there is nothing that could be rough."""
        given = self.cleaned_data
        return {
            "site": self.site(),
            "laterality": given["laterality"],
            "first_noticed": given["first_noticed"],
            "first_noticed_roughly": given["first_noticed_roughly"] and given["first_noticed"] is not None,
            "symptoms": given["symptoms"],
            "note": given["note"],
        }

    def site(self) -> BodySite:
        return body_sites()[self.cleaned_data["site_key"]]

    def now_compared_with(self, lesion: Lesion) -> None:
        """After a colleague's change was shown, saving again is a decision, and the form says which version it was made on."""
        self.compared_with = lesion.version


def _shown(lesion: Lesion) -> dict[str, Any]:
    same = ("laterality", "first_noticed", "first_noticed_roughly", "symptoms", "note", "version")
    return {"site_key": f"{lesion.site_scheme}:{lesion.site_code}", **{name: getattr(lesion, name) for name in same}}


def _label(sign: str) -> str:
    field = Checklist._meta.get_field(sign)
    return str(getattr(field, "verbose_name", sign))


def _yes_or_no(sign: str) -> forms.TypedChoiceField:
    """Neither is chosen beforehand: an answer is something somebody gave."""
    weight = 2 if sign in Checklist.MAJOR else 1
    return forms.TypedChoiceField(
        label=_label(sign),
        choices=[("yes", "Yes"), ("no", "No")],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect(attrs={"data-weight": weight}),
        error_messages={"required": "Answer yes or no."},
    )


class ChecklistForm(forms.Form):
    """The seven signs, the major ones first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {sign: _yes_or_no(sign) for sign in SIGNS}

    def signs(self) -> dict[str, bool]:
        return {sign: self.cleaned_data[sign] for sign in SIGNS}
