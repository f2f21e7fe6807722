"""An analysis of one image and the files it produced."""

from __future__ import annotations

from datetime import timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from patients.models import Image, Viewer
from skinclinic.base import StateQuerySet, UuidModel


class Status(models.TextChoices):
    QUEUED = "QUEUED", "waiting"
    RUNNING = "RUNNING", "running"
    SUCCEEDED = "SUCCEEDED", "finished"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


LIVE = (Status.QUEUED, Status.RUNNING)
TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


class AnalysisQuerySet(StateQuerySet["Analysis"]):
    """Time is the database's own (`Now()`), so that workers with different clocks agree on a lease."""

    def visible_to(self, user: Viewer) -> Self:
        return self.filter(image__in=Image.objects.visible_to(user))

    def answering(self, image: Image) -> Analysis | None:
        """What can answer a request for an analysis of this image: the newest that is under way or finished well."""
        return self.filter(image=image, status__in=(*LIVE, Status.SUCCEEDED)).defer("result").order_by("-queued_at").first()

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


class Analysis(UuidModel):
    """One run of the whole pipeline over one image; results are never edited."""

    MOVES = {
        Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
        # RUNNING → RUNNING is another worker taking over an expired lease.
        Status.RUNNING: frozenset({Status.RUNNING, Status.QUEUED, *TERMINAL}),
        Status.SUCCEEDED: frozenset(),
        Status.FAILED: frozenset({Status.QUEUED}),
        Status.CANCELLED: frozenset(),
    }

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="analyses")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(max_length=40, blank=True, help_text="The stage finished last.")
    stages_done = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, help_text="Token of the worker that holds this analysis.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(db_default=Now(), help_text="When its message was last sent.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    models_used = models.JSONField(default=list, help_text="Task, name, digest and validated scope of every model used.")
    timings_ms = models.JSONField(default=dict)
    result = models.JSONField(null=True, blank=True)
    p_malignant = models.FloatField(null=True, blank=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        get_latest_by = "queued_at"
        verbose_name_plural = "analyses"
        indexes = [models.Index(fields=["status", "published_at"], name="analysis_by_status")]
        constraints = [
            models.UniqueConstraint(fields=["image"], condition=Q(status__in=LIVE), name="analysis_one_live_per_image"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="analysis_status_known"),
            models.CheckConstraint(
                condition=Q(status=Status.RUNNING, lease__isnull=False, lease_expires_at__isnull=False, started_at__isnull=False)
                | (~Q(status=Status.RUNNING) & Q(lease__isnull=True, lease_expires_at__isnull=True)),
                name="analysis_running_means_leased",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL, finished_at__isnull=False) | (~Q(status__in=TERMINAL) & Q(finished_at__isnull=True)),
                name="analysis_terminal_means_finished",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SUCCEEDED, started_at__isnull=False, result__isnull=False, p_malignant__isnull=False)
                | (~Q(status=Status.SUCCEEDED) & Q(result__isnull=True, p_malignant__isnull=True)),
                name="analysis_succeeded_means_result",
            ),
            models.CheckConstraint(
                condition=Q(p_malignant__isnull=True) | Q(p_malignant__range=(0, 1)), name="analysis_p_malignant_is_share"
            ),
            models.CheckConstraint(
                condition=(Q(status=Status.FAILED) & ~Q(failure_code="") & ~Q(failure_message=""))
                | (~Q(status=Status.FAILED) & Q(failure_code="", failure_message="")),
                name="analysis_failed_means_reason",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.QUEUED) | Q(started_at__isnull=True, stage="", stages_done=0),
                name="analysis_queued_means_untouched",
            ),
        ]

    def __str__(self) -> str:
        return f"Analysis {self.pk} ({self.status})"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


class Kind(models.TextChoices):
    """What an artefact shows. Masks are one channel 0/255, overlays RGBA, the raw heat map is signed numbers; the picture made lighter is a
    JPEG."""

    LESION = "lesion", "lesion mask (network)"
    LEVEL_SET = "level_set", "lesion mask (image processing)"
    LESION_OUTLINE = "lesion_outline", "outline (network)"
    LEVEL_SET_OUTLINE = "level_set_outline", "outline (image processing)"
    COLOURS = "colours", "colour regions"
    GLOBULES = "globules", "globules"
    STREAKS = "streaks", "streaks"
    PIGMENT_NETWORK = "pigment_network", "pigment network"
    MILIA_LIKE_CYST = "milia_like_cyst", "milia-like cysts"
    NEGATIVE_NETWORK = "negative_network", "negative network"
    STRUCTURES = "structures", "dermoscopic structures"
    HEATMAP = "heatmap", "Grad-CAM"
    HEATMAP_RAW = "heatmap_raw", "Grad-CAM, raw signed values"
    EARLIER = "earlier", "earlier picture, laid over this one"
    CHANGE = "change", "change of colour"
    CLEARED = "cleared", "hair and rulers painted over"
    LIGHTENED = "lightened", "picture made lighter"


class Artefact(models.Model):
    """One file of a finished analysis, served only by a view that checks who asks."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="artefacts")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    file = models.FileField(max_length=200)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["analysis", "kind"], name="artefact_one_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="artefact_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.analysis_id}"
