"""Pictures of a lesion: the sealed original and what is shown instead of it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from patients.models.people import Role, User, Viewer, role_of
from patients.models.records import Lesion
from patients.ruler import Ruler
from skinclinic.base import UuidModel


class Modality(models.TextChoices):
    DERMOSCOPIC = "dermoscopic", "Dermoscopic"
    MACROSCOPIC = "macroscopic", "Macroscopic"


class Polarisation(models.TextChoices):
    POLARISED = "polarised", "Polarised"
    NON_POLARISED = "non_polarised", "Not polarised"


class Contact(models.TextChoices):
    CONTACT = "contact", "Contact"
    NON_CONTACT = "non_contact", "No contact"


class Immersion(models.TextChoices):
    NONE = "none", "None (dry)"
    GEL = "gel", "Ultrasound gel"
    ALCOHOL = "alcohol", "Alcohol or disinfectant"
    OIL = "oil", "Oil"
    WATER = "water", "Water"
    PLASTIC_CAP = "plastic_cap", "Plastic cap"


class SpacingOrigin(models.TextChoices):
    """Where millimetres come from: they are never guessed."""

    DICOM = "dicom", "DICOM Pixel Spacing"
    RULER = "ruler", "Measured on a ruler in the picture"
    PROFILE = "profile", "Carried over from a dermatoscope"


class ImageQuerySet(models.QuerySet["Image"]):
    def visible_to(self, viewer: Viewer) -> Self:
        match role_of(viewer), viewer:
            case Role.GP, User(practice_id=practice_id):
                return self.filter(lesion__patient__practice=practice_id)
        return self.filter(lesion__in=Lesion.objects.visible_to(viewer))


def file_key(_image: object, _filename: str) -> str:
    """An unguessable place that tells nothing of the patient; the name the file had on the sender's machine is never used."""
    key = uuid.uuid4().hex
    return f"images/{key[:2]}/{key}"


def known_or_blank(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{field}__in": ["", *choices.values]}), name=f"image_{field}_known")


class Image(UuidModel):
    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="images")
    modality = models.CharField(max_length=12, choices=Modality)
    # Capture fields after the DICOM Dermoscopic Image Module; empty means "not stated".
    polarisation = models.CharField(max_length=16, choices=Polarisation, blank=True)
    contact = models.CharField(max_length=16, choices=Contact, blank=True)
    immersion = models.CharField(max_length=16, choices=Immersion, blank=True)
    magnification = models.DecimalField(
        max_digits=5, decimal_places=1, null=True, blank=True, validators=[MinValueValidator(0.1)], help_text="Optical, for example 10."
    )
    taken_on = models.DateField(null=True, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)
    sha256 = models.CharField(max_length=64, help_text="Of the original's bytes.")
    size_bytes = models.PositiveIntegerField(help_text="Of the original.")
    media_type = models.CharField(max_length=32, help_text="Of the original, as its content says.")
    width_px = models.PositiveIntegerField(help_text="After the orientation was applied.")
    height_px = models.PositiveIntegerField()
    original = models.FileField(
        upload_to=file_key, max_length=64, help_text="Sealed: as it came, a download for GPs of the practice alone."
    )
    upright = models.FileField(
        upload_to=file_key, max_length=64, help_text="Oriented, sRGB, no metadata. JPEG stays JPEG, the rest is PNG."
    )
    display = models.FileField(upload_to=file_key, max_length=64, help_text="What pages show: the upright, smaller where that is large.")
    thumbnail = models.FileField(upload_to=file_key, max_length=64)
    pixel_spacing_row_mm = models.FloatField(null=True, blank=True)
    pixel_spacing_column_mm = models.FloatField(null=True, blank=True)
    pixel_spacing_origin = models.CharField(max_length=16, choices=SpacingOrigin, blank=True)
    dermatoscope = models.ForeignKey(
        "patients.Dermatoscope",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        help_text="Whose scale was carried over to this picture.",
    )

    paired_with = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="close_ups",
        help_text="Of a dermoscopic image: the macroscopic one of the same visit that shows where it was taken.",
    )
    alert = models.FloatField(null=True, blank=True, editable=False)
    """The highest probability of malignancy, 0 to 1, that whoever analyses pictures has stated for this one; it may raise a case alone."""

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["lesion", "sha256"], name="image_once_per_lesion"),
            models.CheckConstraint(condition=Q(modality__in=Modality.values), name="image_modality_known"),
            known_or_blank("polarisation", Polarisation),
            known_or_blank("contact", Contact),
            known_or_blank("immersion", Immersion),
            models.CheckConstraint(condition=Q(magnification__isnull=True) | Q(magnification__gt=0), name="image_magnification_positive"),
            models.CheckConstraint(condition=Q(width_px__gt=0, height_px__gt=0, size_bytes__gt=0), name="image_dimensions_positive"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="image_sha256_hex"),
            models.CheckConstraint(
                condition=~Q(original="") & ~Q(upright="") & ~Q(display="") & ~Q(thumbnail=""), name="image_files_present"
            ),
            models.CheckConstraint(condition=Q(alert__isnull=True) | Q(alert__range=(0, 1)), name="image_alert_is_share"),
            models.CheckConstraint(
                condition=Q(paired_with__isnull=True) | Q(modality=Modality.DERMOSCOPIC) & ~Q(paired_with=F("id")),
                name="image_pair_is_close_up",
            ),
            # Millimetres are known in both directions and with their origin, or not at all.
            models.CheckConstraint(
                condition=Q(pixel_spacing_row_mm__isnull=True, pixel_spacing_column_mm__isnull=True, pixel_spacing_origin="")
                | Q(
                    pixel_spacing_row_mm__isnull=False,  # a comparison with NULL alone would pass the check
                    pixel_spacing_row_mm__gt=0,
                    pixel_spacing_column_mm__isnull=False,
                    pixel_spacing_column_mm__gt=0,
                    pixel_spacing_origin__in=SpacingOrigin.values,
                ),
                name="image_spacing_has_origin",
            ),
            models.CheckConstraint(
                condition=Q(pixel_spacing_origin=SpacingOrigin.PROFILE, dermatoscope__isnull=False)
                | (~Q(pixel_spacing_origin=SpacingOrigin.PROFILE) & Q(dermatoscope__isnull=True)),
                name="image_profile_names_dermatoscope",
            ),
        ]
        indexes = [
            models.Index(fields=["lesion", "-uploaded_at"], name="image_recent"),
            models.Index(fields=["-uploaded_at"], name="image_newest"),
            models.Index(fields=["uploaded_by", "-uploaded_at"], name="image_newest_of_person"),
            models.Index(fields=["sha256"], name="image_same_file"),
        ]

    def __str__(self) -> str:
        return f"{self.get_modality_display()} image of {self.uploaded_at:%Y-%m-%d}"

    @property
    def day(self) -> date:
        """When it was taken; when it was sent in, where nobody said."""
        return self.taken_on or timezone.localdate(self.uploaded_at)

    @property
    def pixel_spacing_mm(self) -> tuple[float, float] | None:
        """Distance between rows and between columns, in millimetres."""
        if self.pixel_spacing_row_mm is None or self.pixel_spacing_column_mm is None:
            return None
        return self.pixel_spacing_row_mm, self.pixel_spacing_column_mm

    @property
    def scale_origin(self) -> str:
        """Where its millimetres come from, in words; empty where none are known."""
        words = self.get_pixel_spacing_origin_display()
        return f"{words} ({self.dermatoscope})" if self.dermatoscope else words

    @property
    def upright_media_type(self) -> str:
        return "image/jpeg" if self.media_type == "image/jpeg" else "image/png"


class Calibration(UuidModel):
    """A length in the picture: two points on a ruler and the millimetres between them, or the whole frame from edge to edge, as wide as
    the field of a dermatoscope. The newest gives the image its scale."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="calibrations")
    from_x_px = models.FloatField(help_text="In the upright picture.")
    from_y_px = models.FloatField()
    to_x_px = models.FloatField()
    to_y_px = models.FloatField()
    length_mm = models.FloatField()
    dermatoscope = models.ForeignKey(
        "patients.Dermatoscope",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose field this is; none where somebody measured on a ruler.",
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at"]
        constraints = [models.CheckConstraint(condition=Q(length_mm__gt=0), name="calibration_length_positive")]

    def __str__(self) -> str:
        return f"{self.length_mm:g} mm measured by {self.by}"

    @property
    def ruler(self) -> Ruler:
        return Ruler(self.from_x_px, self.from_y_px, self.to_x_px, self.to_y_px, self.length_mm)
