"""Everything that writes to the records. Each function is one use case: it asks the rules, writes, and leaves its trace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from patients import audit, intake, limits
from patients import permissions as rules
from patients.capture import CaptureFields
from patients.files import file_transaction, open_stored, store
from patients.intake import Intake
from patients.models import BreakGlass, Image, Lesion, Patient, Pool, Practice, Referral, Role, SpacingOrigin, User, role_of
from patients.models.records import MIN_BREAK_GLASS_REASON
from patients.sites import BodySite
from skinclinic.errors import ClinicError


def create_patient(
    *, actor: User, record_number: str, family_name: str, given_names: str, birth_date: date, sex: str, skin_type: int | None = None
) -> Patient:
    rules.require(rules.can_edit_patients(actor))
    patient = Patient(
        practice=actor.practice,
        record_number=record_number,
        family_name=family_name,
        given_names=given_names,
        birth_date=birth_date,
        sex=sex,
        skin_type=skin_type,
        created_by=actor,
    )
    with transaction.atomic():
        _save(patient)
        audit.record(actor=actor, action="patient.create", obj=patient)
    return patient


def change_patient(*, actor: User, patient: Patient, **changes: Any) -> Patient:
    """`changes` are fields of Patient; the trail keeps their names, not their values."""
    rules.require(rules.can_edit_patients(actor))
    with transaction.atomic():
        current = rules.get_for(actor, Patient.objects.select_for_update(), patient.pk)
        changed = sorted(name for name, value in changes.items() if getattr(current, name) != value)
        for name in changed:
            setattr(current, name, changes[name])
        if changed:
            _save(current)
            audit.record(actor=actor, action="patient.change", obj=current, detail={"fields": changed})
    return current


def _save(patient: Patient) -> None:
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        if "patient_record_number_unique" not in str(error):
            raise
        message = "Another patient of this practice has this record number. Check the number, or open that patient instead."
        raise ClinicError("record_number_taken", message, http_status=409) from None


def add_lesion(
    *, actor: User, patient: Patient, site: BodySite, laterality: str, first_noticed: date | None = None, note: str = ""
) -> Lesion:
    rules.require(rules.can_add_lesions(actor))
    with transaction.atomic():
        owner = rules.get_for(actor, Patient.objects.select_for_update(), patient.pk)  # two lesions at once must not share a number
        last = owner.lesions.aggregate(last=Max("number"))["last"] or 0
        lesion = Lesion.objects.create(
            patient=owner,
            number=last + 1,
            site_code=site.code,
            site_scheme=site.scheme,
            site_meaning=site.meaning,
            laterality=laterality,
            first_noticed=first_noticed,
            note=note,
            created_by=actor,
        )
        audit.record(actor=actor, action="lesion.create", obj=lesion)
    return lesion


def prepare_image(*, actor: User, lesion: Lesion, upload: File[bytes]) -> Intake:
    """The slow part of adding an image, before any transaction: read, decode, turn upright.

    Raises ClinicError with a sentence for every file that cannot be accepted.
    """
    rules.require(rules.can_add_images(actor))
    rules.get_for(actor, Lesion.objects, lesion.pk)
    return intake.take_in(intake.read_limited(upload))


def add_image(*, actor: User, lesion: Lesion, prepared: Intake, capture: CaptureFields) -> tuple[Image, bool]:
    """The stored image, and whether it is new: the same bytes on the same lesion are the same image.

    What the file itself states about its capture fills what `capture` leaves open. Called inside a larger transaction, that one
    must be a `file_transaction`.
    """
    rules.require(rules.can_add_images(actor))
    with file_transaction():
        owner = rules.get_for(actor, Lesion.objects.select_for_update(of=("self",)).select_related("patient"), lesion.pk)
        known = Image.objects.filter(lesion=owner, sha256=prepared.sha256).first()
        image = known or _store_image(actor, owner, prepared, capture.completed_by(prepared.capture))
        audit.record(actor=actor, action="image.add-again" if known else "image.add", obj=image, patient=owner.patient)
    return image, known is None


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


def refer_lesion(*, actor: User, lesion: Lesion, to: User | Pool, question: str = "") -> Referral:
    """Shows the lesion to a dermatologist or to everybody in a pool, from now on."""
    rules.require(rules.can_refer(actor))
    if isinstance(to, User) and role_of(to) != Role.DERMATOLOGIST:
        raise ClinicError("no_dermatologist", "A lesion can only be referred to an active dermatologist. Choose one from the list.")
    target = {"to_user": to} if isinstance(to, User) else {"to_pool": to}
    with transaction.atomic():
        seen = rules.get_for(actor, Lesion.objects.select_for_update(of=("self",)).select_related("patient"), lesion.pk)
        if seen.referrals.filter(**target).exists():
            raise ClinicError("already_referred", f"This lesion has already been referred to {to}.", http_status=409)
        referral = Referral.objects.create(lesion=seen, by=actor, question=question, **target)
        audit.record(actor=actor, action="lesion.refer", obj=seen, detail={"to": to._meta.model_name, "to_id": to.pk})
    return referral


def break_glass(*, actor: User, practice: Practice, record_number: str, reason: str) -> BreakGlass:
    """Opens one record for an administrator for a short time. The reason stays on record."""
    rules.require(rules.can_break_glass(actor))
    if len(reason.strip()) < MIN_BREAK_GLASS_REASON:
        raise ClinicError("no_reason", "Give the reason in a few words; it is kept with the record.")
    patient = Patient.objects.filter(practice=practice, record_number=record_number).first()
    if patient is None:
        audit.record(actor=actor, action="patient.break-glass-failed", obj=practice)
        raise ClinicError(
            "no_such_record", "This practice has no patient with this record number. Check both and try again.", http_status=404
        )
    opened_at = timezone.now()
    expires_at = opened_at + timedelta(minutes=limits.BREAK_GLASS_MINUTES)
    with transaction.atomic():
        opened = BreakGlass.objects.create(
            admin=actor, patient=patient, reason=" ".join(reason.split()), opened_at=opened_at, expires_at=expires_at
        )
        audit.record(actor=actor, action="patient.break-glass", obj=opened, patient=patient)
    return opened
