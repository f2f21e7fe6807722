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
from patients.models.dermatoscopes import DermatoscopeQuerySet
from patients.ruler import Ruler


class DermatoscopeField(forms.ModelChoiceField):  # type: ignore[type-arg]  # at run time the class takes none
    """Offers those in use. One that was retired since the page was drawn is understood: the service says why it does not count."""

    def __init__(self, known: DermatoscopeQuerySet, *, empty: str, **options: Any) -> None:
        super().__init__(queryset=known, empty_label=empty, **options)
        self.offered = list(known.in_use())
        self.choices = [("", empty), *((one.pk, str(one)) for one in self.offered)]


GIVES_SCALE = "Gives dermoscopic pictures their millimetres. Holds only while the device, its camera and the zoom are unchanged."


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

    def __init__(self, *args: Any, dermatoscopes: DermatoscopeQuerySet | None = None, **kwargs: Any) -> None:
        """Nobody is asked for a dermatoscope where there is none to choose."""
        super().__init__(*args, **kwargs)
        if dermatoscopes is None:
            return
        field = DermatoscopeField(dermatoscopes, empty="Not stated", required=False, help_text=GIVES_SCALE)
        if field.offered or self.is_bound:
            self.fields["dermatoscope"] = field

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


class DermatoscopeForm(forms.Form):
    """The device a picture was taken with, and the measurement in it that somebody has looked at."""

    name = forms.CharField(
        max_length=80,
        help_text="As the practice calls it. Keep one for each setting, for example “DermLite on the blue phone, zoom 2×”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    measured = forms.UUIDField(widget=forms.HiddenInput)


class TakeScaleForm(forms.Form):
    def __init__(self, known: DermatoscopeQuerySet, data: Any = None) -> None:
        super().__init__(data)
        missing = {"required": "Choose a dermatoscope.", "invalid_choice": "Choose a dermatoscope of your practice."}
        self.fields["dermatoscope"] = field = DermatoscopeField(known, empty="Choose", error_messages=missing)
        self.offered = field.offered


class PairForm(forms.Form):
    """The macroscopic picture that shows where a dermoscopic one was taken."""

    overview = forms.UUIDField(error_messages={"required": "Choose the macroscopic picture.", "invalid": "Choose the macroscopic picture."})
