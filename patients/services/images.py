"""Pictures of a lesion: taken in, kept, handed out."""

from __future__ import annotations

from datetime import date

from django.core.files import File
from django.db import transaction

from patients import audit, intake
from patients import permissions as rules
from patients.capture import CaptureFields
from patients.files import file_transaction, open_stored, store
from patients.intake import Intake
from patients.models import Dermatoscope, Image, Lesion, Modality, Practice, SpacingOrigin, User
from patients.services.consents import hold_care, require_care
from patients.services.dermatoscopes import offer_scale
from skinclinic.errors import ClinicError

CLOSED = "This practice is closed: it takes no new pictures. What is recorded stays as it is; ask the administrator if this is a mistake."


def prepare_image(*, actor: User, lesion: Lesion, upload: File[bytes]) -> Intake:
    """The slow part of adding an image, before any transaction: read, decode, turn upright.

    Raises ClinicError with a sentence for every file that cannot be accepted.
    """
    rules.require(rules.can_add_images(actor))
    patient = rules.get_for(actor, Lesion.objects.select_related("patient__practice"), lesion.pk).patient
    _require_open(patient.practice)
    require_care(patient)
    return intake.take_in(intake.read_limited(upload))


def add_image(
    *, actor: User, lesion: Lesion, prepared: Intake, capture: CaptureFields, dermatoscope: Dermatoscope | None = None
) -> tuple[Image, bool]:
    """The stored image, and whether it is new: the same bytes on the same lesion are the same image.

    What the file itself states about its capture fills what `capture` leaves open. A new image takes the scale of `dermatoscope` if it
    can; `missing_scale` says why it has not. Called inside a larger transaction, that one
    must be a `file_transaction`.
    """
    rules.require(rules.can_add_images(actor))
    with file_transaction():
        owner = rules.get_for(actor, Lesion.objects.select_for_update(of=("self",)).select_related("patient__practice"), lesion.pk)
        _require_open(owner.patient.practice)
        hold_care(owner.patient)  # it may have been withdrawn while the file was read
        known = Image.objects.filter(lesion=owner, sha256=prepared.sha256).first()
        completed = capture.completed_by(prepared.capture)
        _check_day(owner, completed.taken_on)
        image = known or _store_image(actor, owner, prepared, completed)
        audit.record(actor=actor, action="image.add-again" if known else "image.add", obj=image, patient=owner.patient)
        if dermatoscope and not known:
            offer_scale(actor=actor, image=image, dermatoscope=dermatoscope)
    return image, known is None


def pair_images(*, actor: User, image: Image, overview: Image) -> None:
    """Says of a dermoscopic image which macroscopic one shows where on the body it was taken; what was said before is replaced.

    404 for an overview of another lesion: from here it does not exist.
    """
    rules.require(rules.can_add_images(actor))
    with transaction.atomic():
        close_up = rules.get_for(actor, Image.objects.select_related("lesion__patient"), image.pk)
        seen = rules.get_for(actor, Image.objects.filter(lesion=close_up.lesion_id), overview.pk)
        if close_up.modality != Modality.DERMOSCOPIC or seen.modality != Modality.MACROSCOPIC:
            raise ClinicError("pair_kinds", "A pair is one dermoscopic and one macroscopic picture. Choose one of each.")
        Image.objects.filter(pk=close_up.pk).update(paired_with=seen)
        audit.record(actor=actor, action="image.pair", obj=close_up, detail={"paired_with": str(seen.pk)})


def unpair_image(*, actor: User, image: Image) -> None:
    """Takes back `pair_images`. Twice is no error."""
    rules.require(rules.can_add_images(actor))
    with transaction.atomic():
        close_up = rules.get_for(actor, Image.objects.select_related("lesion__patient"), image.pk)
        if Image.objects.filter(pk=close_up.pk, paired_with__isnull=False).update(paired_with=None):
            audit.record(actor=actor, action="image.unpair", obj=close_up)


def _require_open(practice: Practice) -> None:
    if not practice.is_open:
        raise ClinicError("practice_closed", CLOSED, http_status=409)


def _check_day(lesion: Lesion, taken_on: date | None) -> None:
    if taken_on is not None and taken_on < lesion.patient.birth_date:
        message = (
            f"This picture is dated {taken_on.isoformat()}, before the patient was born. Check whose it is, or give the day it was taken."
        )
        raise ClinicError("taken_before_birth", message)


def _store_image(actor: User, lesion: Lesion, prepared: Intake, capture: CaptureFields) -> Image:
    row_mm, column_mm = prepared.pixel_spacing_mm or (None, None)
    upright = store(prepared.upright)
    return Image.objects.create(
        lesion=lesion,
        modality=capture.modality,
        polarisation=capture.polarisation,
        contact=capture.contact,
        immersion=capture.immersion,
        magnification=capture.magnification,
        taken_on=capture.taken_on,
        uploaded_by=actor,
        sha256=prepared.sha256,
        size_bytes=len(prepared.original),
        media_type=prepared.media_type,
        width_px=prepared.width_px,
        height_px=prepared.height_px,
        original=store(prepared.original),
        upright=upright,
        display=upright if prepared.display is prepared.upright else store(prepared.display),
        thumbnail=store(prepared.thumbnail),
        pixel_spacing_row_mm=row_mm,
        pixel_spacing_column_mm=column_mm,
        pixel_spacing_origin=SpacingOrigin.DICOM if prepared.pixel_spacing_mm else "",
    )


def open_image_file(*, actor: User, image: Image, variant: str) -> File[bytes]:
    """One of an image's files, its reading recorded. The caller has found the image with `get_for`."""
    if is_original := variant == "original":
        rules.require(rules.can_export_originals(actor))
    action = "image.export-original" if is_original else "image.read"
    with transaction.atomic():
        audit.record(actor=actor, action=action, obj=image, detail={"variant": variant})
        return open_stored(getattr(image, variant))
