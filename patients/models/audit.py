"""Who did what to which record. Rows are added and never changed: a trigger in the database refuses anything else."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from patients.models.people import User
from patients.models.records import Patient


class AuditEntry(models.Model):
    """One read or write of patient data, or one log-in.

    The references carry no database constraint and the name is copied in: what happened stays readable whatever
    becomes of the person or the record.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(User, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=40, help_text='A noun and a verb, for example "image.read".')
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    patient = models.ForeignKey(Patient, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action}"
