"""What a patient has agreed to, for which purpose, and since when not any more."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from patients.models.people import User
from patients.models.records import Patient
from skinclinic.base import UuidModel


class Purpose(models.TextChoices):
    CARE = "care", "Care in this practice, with photographs"
    TELECONSULTATION = "teleconsultation", "Showing it to a dermatologist at a distance"
    TEACHING = "teaching", "Teaching"
    RESEARCH = "research", "Research and training of models"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def in_force(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)


class Consent(UuidModel):
    """One agreement. Withdrawing closes the row; agreeing again opens another: together they are the history."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    given_on = models.DateField(help_text="The day the patient agreed.")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["purpose", "-recorded_at"]
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="consent_purpose_known"),
            models.UniqueConstraint(fields=["patient", "purpose"], condition=Q(withdrawn_at__isnull=True), name="consent_one_in_force"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, withdrawn_at__gte=F("recorded_at")),
                name="consent_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {'withdrawn' if self.withdrawn_at else 'given'}"
