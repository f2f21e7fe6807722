"""What somebody should know without looking for it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone

from patients.models.cases import Case
from patients.models.people import User, Viewer
from skinclinic.base import UuidModel


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, viewer: Viewer) -> Self:
        return self.filter(to=viewer) if isinstance(viewer, User) else self.none()

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def to_be_mailed(self) -> Self:
        """Found by state, so that a lost message or a mail server that is down delays a mail and never loses it."""
        return self.filter(by_mail=True, mailed_at__isnull=True, mail_failed_at__isnull=True)

    def unwanted_by_mail(self) -> Self:
        """Of those to be mailed: read meanwhile, switched off by their person, or with nobody to send them to."""
        switched_off = Q(to__mails_off__contains=Func(F("kind"), template="ARRAY[%(expressions)s]"))
        return self.to_be_mailed().filter(Q(read_at__isnull=False) | Q(to__is_active=False) | Q(to__email="") | switched_off)

    def due(self, now: datetime) -> Self:
        return self.to_be_mailed().filter(mail_after__lte=now)


class Notification(UuidModel):
    class Kind(models.TextChoices):
        CASE_SENT = "case_sent", "A case is waiting"
        INFO_ASKED = "info_asked", "Information is asked for"
        INFO_GIVEN = "info_given", "Your question was answered"
        CASE_ANSWERED = "case_answered", "A case was answered"
        CASE_DISCARDED = "case_discarded", "A case was discarded"
        SECOND_OPINION = "second_opinion", "Your second opinion is asked for"
        BREACH = "breach", "A case is overdue"
        HISTOLOGY = "histology", "The histology is there"

    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=16, choices=Kind)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notifications")
    at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)
    by_mail = models.BooleanField(default=True, help_text="Off once it is known that no mail is wanted or possible.")
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_after = models.DateTimeField(default=timezone.now, help_text="No attempt before: a worker has claimed it, or the last one failed.")
    mail_claim = models.UUIDField(null=True, blank=True, help_text="Of the worker that sends it.")
    mail_failed_at = models.DateTimeField(null=True, blank=True, help_text="Given up after several attempts.")

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["to", "-at"], name="notification_newest"),
            models.Index(fields=["to"], condition=Q(read_at__isnull=True), name="notification_unread"),
            models.Index(
                fields=["mail_after"],
                condition=Q(by_mail=True, mailed_at__isnull=True, mail_failed_at__isnull=True),
                name="notification_to_mail",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
