"""One diagnosis of a finished analysis, explained by several methods, and the pictures of it."""

from __future__ import annotations

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from analysis.models.analyses import Analysis
from analysis.models.jobs import ANSWERS, Job, JobQuerySet, Status, state_constraints
from patients.models import Viewer

MASKS, CELLS, VISIBLE_PERCENT, SEED = (200, 4000), (4, 16), (10, 90), (0, 9999)
"""From, to. Fewer masks tell nothing, more would hold a worker for a minute; cells smaller than 14 pixels hide nothing whole."""


class Diagnosis(models.TextChoices):
    """The classes of the classifier, in its order."""

    MEL = "MEL", "Melanoma"
    NV = "NV", "Melanocytic naevus"
    BCC = "BCC", "Basal cell carcinoma"
    AK = "AK", "Actinic keratosis"
    BKL = "BKL", "Benign keratosis"
    DF = "DF", "Dermatofibroma"
    VASC = "VASC", "Vascular lesion"
    SCC = "SCC", "Squamous cell carcinoma"


class ExplanationQuerySet(JobQuerySet["Explanation"]):
    def visible_to(self, user: Viewer) -> Self:
        return self.filter(analysis__in=Analysis.objects.visible_to(user))


class Explanation(Job):
    """Why the classifier gives a diagnosis its probability. The question says everything: the same one has the same answer."""

    QUESTION = ("label", "masks", "cells", "visible_percent", "seed")

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="explanations")
    label = models.CharField(max_length=8, choices=Diagnosis.choices, verbose_name="diagnosis")
    masks = models.PositiveSmallIntegerField(
        default=1000,
        validators=[MinValueValidator(MASKS[0]), MaxValueValidator(MASKS[1])],
        help_text="At most: it ends sooner when the map no longer changes.",
    )
    cells = models.PositiveSmallIntegerField(
        default=8,
        verbose_name="cells per side",
        validators=[MinValueValidator(CELLS[0]), MaxValueValidator(CELLS[1])],
        help_text="More cells show smaller places and need more masks.",
    )
    visible_percent = models.PositiveSmallIntegerField(
        default=50,
        verbose_name="visible cells, per cent",
        validators=[MinValueValidator(VISIBLE_PERCENT[0]), MaxValueValidator(VISIBLE_PERCENT[1])],
        help_text="How much of the picture each mask leaves visible.",
    )
    seed = models.PositiveSmallIntegerField(
        default=0,
        validators=[MinValueValidator(SEED[0]), MaxValueValidator(SEED[1])],
        help_text="Another number draws other masks: a map that changes with it is not to be trusted.",
    )

    objects = ExplanationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "published_at"], name="explanation_by_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["analysis", "label", "masks", "cells", "visible_percent", "seed"],
                condition=Q(status__in=ANSWERS),
                name="explanation_one_per_question",
            ),
            *state_constraints("explanation"),
            models.CheckConstraint(
                condition=Q(status=Status.SUCCEEDED, started_at__isnull=False, result__isnull=False)
                | (~Q(status=Status.SUCCEEDED) & Q(result__isnull=True)),
                name="explanation_succeeded_means_result",
            ),
            models.CheckConstraint(condition=Q(label__in=Diagnosis.values), name="explanation_label_known"),
            models.CheckConstraint(
                condition=Q(masks__range=MASKS, cells__range=CELLS, visible_percent__range=VISIBLE_PERCENT, seed__range=SEED),
                name="explanation_question_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"Explanation {self.pk} ({self.status})"


class ExplanationFile(models.Model):
    """One method's map: to look at, or its raw signed values."""

    explanation = models.ForeignKey(Explanation, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=40)
    file = models.FileField(max_length=200)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["explanation", "kind"], name="explanation_file_one_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.explanation_id}"
