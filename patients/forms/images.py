"""Pictures to be sent in."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from patients import limits
from patients.capture import CaptureFields
from patients.forms.fields import DateInput, not_in_future, or_not_stated
from patients.models import Contact, Image, Immersion, Modality, Polarisation
from patients.ruler import Ruler


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


class CalibrationForm(forms.Form):
    """Two points on a ruler and what lies between them; the browser writes the points while somebody clicks.

    Whether they can be a ruler in this picture is the service's to say.
    """

    from_x_px = forms.FloatField(label="First point, from the left")
    from_y_px = forms.FloatField(label="First point, from the top")
    to_x_px = forms.FloatField(label="Second point, from the left")
    to_y_px = forms.FloatField(label="Second point, from the top")
    length_mm = forms.FloatField(label="Millimetres between the two points", initial=10)

    def __init__(self, image: Image, data: Any = None) -> None:
        super().__init__(data)
        for name, field in self.fields.items():
            field.widget.attrs |= {"step": "any", "min": 0, "inputmode": "decimal", "autocomplete": "off"}
            if name != "length_mm":
                field.widget.attrs["max"] = image.width_px if "_x_" in name else image.height_px

    def ruler(self) -> Ruler:
        return Ruler(**self.cleaned_data)


class PairForm(forms.Form):
    """The macroscopic picture that shows where a dermoscopic one was taken."""

    overview = forms.UUIDField(error_messages={"required": "Choose the macroscopic picture.", "invalid": "Choose the macroscopic picture."})
