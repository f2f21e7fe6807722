"""The scale of a dermatoscope: measured once on a ruler, carried over to other pictures of the same field, never guessed."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import Calibration, Dermatoscope, Image, Modality, SpacingOrigin, User
from patients.ruler import Frame
from patients.services.calibration import SPACING_MM, give_scale
from skinclinic.errors import ClinicError

FIELD_MM = (2.0, 100.0)
"""Along the longer side: dermatoscopes show 10 to 30 mm; what is far off was measured wrongly or is no dermatoscope."""

NEEDS_RULER = (
    "A dermatoscope is measured in a dermoscopic picture with a ruler in view. Measure on the ruler of this picture first, or take another."
)
MEASURED_AGAIN = "Somebody has given this picture another scale meanwhile. Look at it, then keep the dermatoscope once more if it is right."
NAME_TAKEN = "Your practice has a dermatoscope of this name already. Choose another name, or retire that one first."
FROM_DEVICE = "This picture carries the scale of the device that took it (DICOM Pixel Spacing). A dermatoscope's does not replace it."
NOT_DERMOSCOPIC = "Only a dermoscopic picture can take its scale from a dermatoscope."
LEFT_AS_IT_WAS = "It was here already, and its scale is left as it was. You can change it on the picture's page “Scale”."


def keep_dermatoscope(*, actor: User, image: Image, measured: UUID, name: str) -> Dermatoscope:
    """For pictures to come: the device that took this one, whose newest measurement on a ruler is the one that the actor has seen."""
    rules.require(rules.can_use_dermatoscopes(actor))
    try:
        with transaction.atomic():
            seen = rules.get_for(actor, Image.objects.select_for_update(of=("self",)).select_related("lesion__patient"), image.pk)
            found = _measured_on_ruler(seen, measured)
            frame = Frame.of(found.ruler, seen.width_px, seen.height_px)
            _check_field(frame)
            kept = Dermatoscope.objects.create(
                practice=seen.lesion.patient.practice,
                name=name,
                width_px=frame.width_px,
                height_px=frame.height_px,
                field_width_mm=frame.longer_side_mm,
                measured_in=found,
                by=actor,
            )
            detail = {"calibration": str(found.pk)}
            audit.record(actor=actor, action="dermatoscope.create", obj=kept, patient=seen.lesion.patient, detail=detail)
    except IntegrityError as error:
        if "dermatoscope_name_once" not in str(error):
            raise
        raise ClinicError("name_taken", NAME_TAKEN, http_status=409) from None
    return kept


def retire_dermatoscope(*, actor: User, dermatoscope: Dermatoscope) -> None:
    """No picture takes its scale from it any more; those that have keep theirs. Twice is no error."""
    rules.require(rules.can_use_dermatoscopes(actor))
    with transaction.atomic():
        rules.get_for(actor, Dermatoscope.objects.all(), dermatoscope.pk)
        if Dermatoscope.objects.in_use().filter(pk=dermatoscope.pk).update(retired_at=timezone.now(), retired_by=actor):
            audit.record(actor=actor, action="dermatoscope.retire", obj=dermatoscope)


def take_scale(*, actor: User, image: Image, dermatoscope: Dermatoscope) -> Image:
    """With the dermatoscope's scale from now on; what was measured before stays in its history. Twice is no error."""
    rules.require(rules.can_use_dermatoscopes(actor))
    with transaction.atomic():
        seen = rules.get_for(actor, Image.objects.select_for_update(of=("self",)).select_related("lesion__patient"), image.pk)
        device = rules.get_for(actor, Dermatoscope.objects.all(), dermatoscope.pk)
        if seen.dermatoscope_id == device.pk:
            return seen
        if why := _obstacle(seen, device):
            raise ClinicError("dermatoscope_does_not_fit", why, http_status=409)
        _carry_over(actor, seen, device)
    return seen


def offer_scale(*, actor: User, image: Image, dermatoscope: Dermatoscope) -> None:
    """To an image that was stored a moment ago in the same transaction: one that cannot take the scale stays without one."""
    device = rules.get_for(actor, Dermatoscope.objects.all(), dermatoscope.pk)
    if not _obstacle(image, device):
        _carry_over(actor, image, device)


def missing_scale(image: Image, dermatoscope: Dermatoscope | None) -> str:
    """To whoever sent the image with this dermatoscope: why it has not got its scale; empty when it has."""
    if dermatoscope is None or image.dermatoscope_id == dermatoscope.pk:
        return ""
    return f"The picture is stored, without the scale of “{dermatoscope}”. {_obstacle(image, dermatoscope) or LEFT_AS_IT_WAS}"


def _carry_over(actor: User, image: Image, dermatoscope: Dermatoscope) -> None:
    measured = give_scale(actor, image, dermatoscope.frame.across(image.width_px, image.height_px), dermatoscope)
    detail = {"calibration": str(measured.pk), "dermatoscope": str(dermatoscope.pk)}
    audit.record(actor=actor, action="image.take-scale", obj=image, detail=detail)


def _obstacle(image: Image, dermatoscope: Dermatoscope) -> str:
    """Why the image cannot have the dermatoscope's scale, a sentence that says what to do, or an empty string."""
    if image.pixel_spacing_origin == SpacingOrigin.DICOM:
        return FROM_DEVICE
    if image.modality != Modality.DERMOSCOPIC:
        return NOT_DERMOSCOPIC
    if not dermatoscope.is_in_use:
        return "This dermatoscope has been retired. Choose the one that is used now, or measure on a ruler in the picture."
    if not dermatoscope.frame.has_shape_of(image.width_px, image.height_px):
        return (
            f"This picture was cropped or taken with another camera setting: it has {image.width_px} × {image.height_px} pixels, and the "
            f"dermatoscope's whole frame {dermatoscope.width_px} × {dermatoscope.height_px}. Send the uncropped picture, or measure on a "
            "ruler in it."
        )
    if dermatoscope.frame.across(image.width_px, image.height_px).spacing_mm > SPACING_MM[1]:
        return "This picture is too small to be measured. Send it in its full size."
    return ""


def _measured_on_ruler(image: Image, measured: UUID) -> Calibration:
    if image.modality != Modality.DERMOSCOPIC or image.pixel_spacing_origin != SpacingOrigin.RULER:
        raise ClinicError("dermatoscope_needs_ruler", NEEDS_RULER, http_status=409)
    newest = image.calibrations.first()
    if newest is None or newest.pk != measured:
        raise ClinicError("measured_again", MEASURED_AGAIN, http_status=409)
    return newest


def _check_field(frame: Frame) -> None:
    if not FIELD_MM[0] <= frame.longer_side_mm <= FIELD_MM[1]:
        message = (
            f"By this measurement the picture shows {frame.longer_side_mm:.0f} mm of skin, which no dermatoscope does. "
            "Check the two points and the millimetres, and that it is no overview."
        )
        raise ClinicError("dermatoscope_field", message)
