"""Who did what to which record. Rows are added and never changed: triggers in the database refuse anything else and seal each row."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models.people import Role, User
from patients.models.records import Patient


class AuditEntry(models.Model):
    """One read or write of patient data, or one log-in.

    The references carry no database constraint and name and role are copied in: what happened stays readable whatever
    becomes of the person or the record.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(User, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=16, choices=Role, blank=True, default="", help_text="As it was then.")
    action = models.CharField(max_length=40, help_text='A noun and a verb, for example "image.read".')
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    patient = models.ForeignKey(Patient, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["at"], condition=Q(action="account.locked"), name="audit_locked"),
            # Which lists showed this patient. No pending list: no page shall pay for tidying up after a thousand others.
            GinIndex(
                fields=["detail"],
                opclasses=["jsonb_path_ops"],
                condition=Q(detail__has_key="patients"),
                fastupdate=False,
                name="audit_listed_patients",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action}"


class AuditSeal(models.Model):
    """The entry's place in the chain, in the order of the commits, and the hash that binds it to the one before.

    Written by a trigger of the database when the entry's transaction commits; see patients.trail.chain.
    """

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="seal")
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.sha256}"
