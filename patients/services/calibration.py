"""Millimetres from a ruler in the picture: measured by a person, stored with who and when, never guessed."""

from __future__ import annotations

from dataclasses import asdict, astuple
from math import isfinite

from django.db import transaction

from patients import audit
from patients import permissions as rules
from patients.models import Calibration, Dermatoscope, Image, SpacingOrigin, User
from patients.ruler import Ruler
from skinclinic.errors import ClinicError

MIN_LENGTH_PX, MIN_LENGTH_SHARE = 30, 0.05
"""Of the picture's longer side. Each end is off by a pixel or two; over a shorter stretch that would be more than a tenth."""
LENGTH_MM = (1.0, 300.0)
"""From the finest division of a ruler to a whole one."""
SPACING_MM = (0.001, 1.0)
"""Of a pixel: a microscope resolves less than the first, and at the second a lesion of 6 mm would be six pixels wide."""

FROM_DEVICE = "This picture carries the scale of the device that took it (DICOM Pixel Spacing). A ruler does not replace it."


def calibrate_image(*, actor: User, image: Image, ruler: Ruler) -> Calibration:
    """The newest measurement gives the image its scale; those before are kept. A scale from the device stays."""
    rules.require(rules.can_measure_images(actor))
    with transaction.atomic():
        seen = rules.get_for(actor, Image.objects.select_for_update(of=("self",)).select_related("lesion__patient"), image.pk)
        if seen.pixel_spacing_origin == SpacingOrigin.DICOM:
            raise ClinicError("calibration_from_device", FROM_DEVICE, http_status=409)
        _check(ruler, seen.width_px, seen.height_px)
        measured = give_scale(actor, seen, ruler)
        audit.record(actor=actor, action="image.calibrate", obj=seen, detail={"calibration": str(measured.pk)})
    return measured


def give_scale(actor: User, image: Image, ruler: Ruler, dermatoscope: Dermatoscope | None = None) -> Calibration:
    """Inside a transaction that has locked the image: its scale from now on, and the row of its history that says where it is from."""
    measured = Calibration.objects.create(image=image, by=actor, dermatoscope=dermatoscope, **asdict(ruler))
    image.pixel_spacing_row_mm = image.pixel_spacing_column_mm = ruler.spacing_mm
    image.pixel_spacing_origin = SpacingOrigin.PROFILE if dermatoscope else SpacingOrigin.RULER
    image.dermatoscope = dermatoscope
    image.save(update_fields=["pixel_spacing_row_mm", "pixel_spacing_column_mm", "pixel_spacing_origin", "dermatoscope"])
    return measured


def least_length_px(width_px: int, height_px: int) -> float:
    return max(MIN_LENGTH_PX, MIN_LENGTH_SHARE * max(width_px, height_px))


def _check(ruler: Ruler, width_px: int, height_px: int) -> None:
    """Refuse what cannot be a ruler in this picture, with a sentence that says what to do."""
    if not all(isfinite(value) for value in astuple(ruler)):
        raise ClinicError("calibration_numbers", "Give both points and the length as numbers.")
    points = ((ruler.from_x_px, ruler.from_y_px), (ruler.to_x_px, ruler.to_y_px))
    if not all(0 <= x <= width_px and 0 <= y <= height_px for x, y in points):
        size = f"{width_px} × {height_px} pixels"
        raise ClinicError("calibration_outside", f"Both points must lie inside the picture, which is {size}.")
    if ruler.length_px < (least := least_length_px(width_px, height_px)):
        message = f"The two points are too close together. Choose marks of the ruler that are at least {least:.0f} pixels apart."
        raise ClinicError("calibration_too_close", message)
    if not LENGTH_MM[0] <= ruler.length_mm <= LENGTH_MM[1]:
        message = f"The length between the points must be between {LENGTH_MM[0]:g} and {LENGTH_MM[1]:g} mm."
        raise ClinicError("calibration_length", message)
    if not SPACING_MM[0] <= ruler.spacing_mm <= SPACING_MM[1]:
        message = (
            f"By this measurement a pixel would be {ruler.spacing_mm:.2g} mm wide, which no photograph of a lesion has. "
            "Check the two points and the millimetres."
        )
        raise ClinicError("calibration_implausible", message)
