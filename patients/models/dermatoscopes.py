"""A practice's dermatoscopes: devices whose field was measured once on a ruler."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from patients.models.people import Practice, Role, User, Viewer, role_of
from patients.ruler import Frame
from skinclinic.base import UuidModel


class DermatoscopeQuerySet(models.QuerySet["Dermatoscope"]):
    def visible_to(self, viewer: Viewer) -> Self:
        match role_of(viewer), viewer:
            case Role.GP, User(practice_id=practice_id):
                return self.filter(practice=practice_id)
        return self.none()

    def in_use(self) -> Self:
        return self.filter(retired_at__isnull=True)


class Dermatoscope(UuidModel):
    """How wide the field of a device is, as a ruler in one of its pictures has shown. What was measured is never changed, and nothing
    is deleted: pictures name the row that their millimetres come from. After another camera or zoom it is retired and measured anew."""

    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="dermatoscopes")
    name = models.CharField(max_length=80)
    width_px = models.PositiveIntegerField(help_text="Of the upright picture it was measured in: the whole frame.")
    height_px = models.PositiveIntegerField()
    field_width_mm = models.FloatField(help_text="Along the longer side of that frame.")
    measured_in = models.ForeignKey("patients.Calibration", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = DermatoscopeQuerySet.as_manager()

    class Meta:
        ordering = ["name", "at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="dermatoscope_has_name"),
            models.CheckConstraint(condition=Q(width_px__gt=0, height_px__gt=0, field_width_mm__gt=0), name="dermatoscope_frame_positive"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_by__isnull=True) | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="dermatoscope_retired_by_somebody",
            ),
            models.UniqueConstraint("practice", Lower("name"), condition=Q(retired_at__isnull=True), name="dermatoscope_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_in_use(self) -> bool:
        return self.retired_at is None

    @property
    def frame(self) -> Frame:
        return Frame(self.width_px, self.height_px, self.field_width_mm)
