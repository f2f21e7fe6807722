"""Pictures to be sent in."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal

from django import forms

from patients import limits
from patients.capture import CaptureFields
from patients.forms.fields import DateInput, not_in_future, or_not_stated
from patients.models import Contact, Immersion, Modality, Polarisation


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
    polarisation = forms.ChoiceField(choices=or_not_stated(Polarisation), required=False)
    contact = forms.ChoiceField(choices=or_not_stated(Contact), required=False)
    immersion = forms.ChoiceField(choices=or_not_stated(Immersion), required=False)
    magnification = forms.DecimalField(
        min_value=Decimal(1), max_digits=5, decimal_places=1, required=False, help_text="Optical, for example 10."
    )
    taken_on = forms.DateField(widget=DateInput(), required=False)

    def clean_taken_on(self) -> date | None:
        return not_in_future(self.cleaned_data["taken_on"])

    def capture(self) -> CaptureFields:
        return CaptureFields(**{field.name: self.cleaned_data[field.name] for field in fields(CaptureFields)})
