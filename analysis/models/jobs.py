"""What every job that a worker runs has in common: its state, its lease, its failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from skinclinic.base import StateQuerySet, UuidModel


class Status(models.TextChoices):
    QUEUED = "QUEUED", "waiting"
    RUNNING = "RUNNING", "running"
    SUCCEEDED = "SUCCEEDED", "finished"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


LIVE = (Status.QUEUED, Status.RUNNING)
TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
ANSWERS = (*LIVE, Status.SUCCEEDED)
"""What can answer a request for the same: under way, or finished well."""

J = TypeVar("J", bound="Job")


class JobQuerySet(StateQuerySet[J]):
    """Time is the database's own (`Now()`), so that workers with different clocks agree on a lease."""

    def leased(self, lease: UUID) -> Self:
        return self.filter(status=Status.RUNNING, lease=lease)

    def abandoned(self) -> Self:
        """Running, but the worker has not been heard of within its lease."""
        return self.filter(status=Status.RUNNING, lease_expires_at__lt=Now())

    def claimable(self) -> Self:
        free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_expires_at__lt=Now())
        return self.filter(free, attempt__lt=settings.ANALYSIS_MAX_ATTEMPTS)

    def unheard(self) -> Self:
        """Still waiting long after their message was sent: the message may be lost."""
        patience = timedelta(seconds=settings.ANALYSIS_REPUBLISH_S)
        return self.filter(status=Status.QUEUED, published_at__lt=Now() - patience)


class Job(UuidModel):
    """One run of something that takes a worker seconds; results are never edited."""

    MOVES = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
        # RUNNING → RUNNING is another worker taking over an expired lease.
        Status.RUNNING: frozenset({Status.RUNNING, Status.QUEUED, *TERMINAL}),
        Status.SUCCEEDED: frozenset(),
        Status.FAILED: frozenset({Status.QUEUED}),
        Status.CANCELLED: frozenset(),
    }

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(max_length=40, blank=True, help_text="The stage finished last; of an explanation the method under way.")
    stages_done = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, help_text="Token of the worker that holds it.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(db_default=Now(), help_text="When its message was last sent.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @classmethod
    def folder(cls, pk: UUID) -> str:
        """Where its files lie, a folder for each run."""
        return f"{cls._meta.verbose_name_plural}/{pk}"


def state_constraints(name: str) -> list[models.CheckConstraint]:
    """What each state implies, said by the database; `name` is the model's."""
    implied: dict[str, Any] = {
        "status_known": Q(status__in=Status.values),
        "running_means_leased": Q(status=Status.RUNNING, lease__isnull=False, lease_expires_at__isnull=False, started_at__isnull=False)
        | (~Q(status=Status.RUNNING) & Q(lease__isnull=True, lease_expires_at__isnull=True)),
        "terminal_means_finished": Q(status__in=TERMINAL, finished_at__isnull=False)
        | (~Q(status__in=TERMINAL) & Q(finished_at__isnull=True)),
        "failed_means_reason": (Q(status=Status.FAILED) & ~Q(failure_code="") & ~Q(failure_message=""))
        | (~Q(status=Status.FAILED) & Q(failure_code="", failure_message="")),
        "queued_means_untouched": ~Q(status=Status.QUEUED) | Q(started_at__isnull=True, stage="", stages_done=0),
    }
    return [models.CheckConstraint(condition=condition, name=f"{name}_{what}") for what, condition in implied.items()]
