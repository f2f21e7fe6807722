"""An analysis of one image and the files it produced."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from analysis.models.jobs import ANSWERS, LIVE, Job, JobQuerySet, Status, state_constraints
from analysis.regions import Region
from patients.models import Image, Viewer


def _is_rectangle() -> Q:
    """Four numbers, none unknown (a comparison with NULL alone would pass the check): left, top ≥ 0, width, height > 0."""
    known = Q(*(Q(**{f"region__{index}__isnull": False}) for index in range(4)))
    return Q(region__len=4, region__0__gte=0, region__1__gte=0, region__2__gt=0, region__3__gt=0) & known


class AnalysisQuerySet(JobQuerySet["Analysis"]):
    def visible_to(self, user: Viewer) -> Self:
        return self.filter(image__in=Image.objects.visible_to(user))

    def of(self, image: Image, region: Region | None) -> Self:
        """The whole picture and each marked region of it are questions of their own: none answers another."""
        same = Q(region__isnull=True) if region is None else Q(region=list(region))
        return self.filter(same, image=image)

    def answering(self, image: Image, region: Region | None = None) -> Analysis | None:
        """What can answer a request for an analysis of this image: the newest that is under way or finished well."""
        return self.of(image, region).filter(status__in=ANSWERS).defer("result").order_by("-queued_at").first()


class Analysis(Job):
    """One run of the whole pipeline over one image, or over a region that was marked on it."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="analyses")
    region = ArrayField(
        models.IntegerField(),
        null=True,
        blank=True,
        help_text="Left, top, width and height in pixels of the upright image; empty for the whole picture.",
    )
    models_used = models.JSONField(default=list, help_text="Task, name, digest and validated scope of every model used.")
    timings_ms = models.JSONField(default=dict)
    p_malignant = models.FloatField(null=True, blank=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        get_latest_by = "queued_at"
        verbose_name_plural = "analyses"
        indexes = [models.Index(fields=["status", "published_at"], name="analysis_by_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["image"], condition=Q(status__in=LIVE, region__isnull=True), name="analysis_one_live_per_image"
            ),
            models.UniqueConstraint(
                fields=["image", "region"], condition=Q(status__in=LIVE, region__isnull=False), name="analysis_one_live_per_region"
            ),
            models.CheckConstraint(condition=Q(region__isnull=True) | _is_rectangle(), name="analysis_region_is_rectangle"),
            *state_constraints("analysis"),
            models.CheckConstraint(
                condition=Q(status=Status.SUCCEEDED, started_at__isnull=False, result__isnull=False, p_malignant__isnull=False)
                | (~Q(status=Status.SUCCEEDED) & Q(result__isnull=True, p_malignant__isnull=True)),
                name="analysis_succeeded_means_result",
            ),
            models.CheckConstraint(
                condition=Q(p_malignant__isnull=True) | Q(p_malignant__range=(0, 1)), name="analysis_p_malignant_is_share"
            ),
        ]

    def __str__(self) -> str:
        return f"Analysis {self.pk} ({self.status})"

    @property
    def marked(self) -> Region | None:
        """The region, None for the whole picture."""
        return Region(*self.region) if self.region else None


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
