"""What people say of a lesion: the dermatologist's signed answer, the histology, and one's own impression before the machine's."""

from __future__ import annotations

from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models.cases import Case
from patients.models.images import Image
from patients.models.people import User
from patients.models.records import Lesion
from skinclinic.base import UuidModel

ICD10 = r"^[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?$"
"""A code of ICD-10 or one of its national editions: C43.5, L82, D22.3."""


class Diagnosis(models.TextChoices):
    """The eight classes of the source report, and everything else."""

    MEL = "MEL", "Melanoma"
    NV = "NV", "Melanocytic naevus"
    BCC = "BCC", "Basal cell carcinoma"
    AK = "AK", "Actinic keratosis"
    BKL = "BKL", "Benign keratosis"
    DF = "DF", "Dermatofibroma"
    VASC = "VASC", "Vascular lesion"
    SCC = "SCC", "Squamous cell carcinoma"
    OTHER = "OTHER", "Something else"


class Certainty(models.TextChoices):
    CERTAIN = "certain", "Certain"
    PROBABLE = "probable", "Probable"
    POSSIBLE = "possible", "Possible"


class Management(models.TextChoices):
    REASSURE = "reassure", "Reassure, no follow-up"
    FOLLOW_UP = "follow_up", "Follow up"
    EXCISE = "excise", "Excise"
    BIOPSY = "biopsy", "Biopsy"
    URGENT_REFERRAL = "urgent_referral", "Refer urgently"


class AnswerQuerySet(models.QuerySet["Answer"]):
    def current(self) -> Self:
        """Those that nothing has replaced."""
        return self.filter(superseded_by__isnull=True)


class Answer(UuidModel):
    """A dermatologist's signed answer. Never changed, not by the database either: a later one supersedes it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="answers")
    is_second = models.BooleanField(default=False, help_text="A second opinion.")
    is_blind = models.BooleanField(
        null=True, blank=True, help_text="Of a second opinion: given without having seen the first answer. Unknown of older ones."
    )
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    diagnosis = models.CharField(max_length=8, choices=Diagnosis)
    other_diagnosis = models.CharField(max_length=200, blank=True, help_text="In words, where it is something else.")
    icd10 = models.CharField("ICD-10 code", max_length=8, validators=[RegexValidator(ICD10, "Write the code like C43.5 or L82.")])
    certainty = models.CharField(max_length=10, choices=Certainty)
    management = models.CharField(max_length=16, choices=Management)
    follow_up_months = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(max_length=5000, blank=True)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="answers")
    signed_name = models.CharField(max_length=200, help_text="The name as it was when it was signed.")
    signed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ["signed_at"]
        constraints = [
            models.CheckConstraint(condition=Q(diagnosis__in=Diagnosis.values), name="answer_diagnosis_known"),
            models.CheckConstraint(condition=Q(certainty__in=Certainty.values), name="answer_certainty_known"),
            models.CheckConstraint(condition=Q(management__in=Management.values), name="answer_management_known"),
            models.CheckConstraint(
                condition=(Q(diagnosis=Diagnosis.OTHER) & ~Q(other_diagnosis="")) | (~Q(diagnosis=Diagnosis.OTHER) & Q(other_diagnosis="")),
                name="answer_other_is_named",
            ),
            models.CheckConstraint(
                condition=Q(management=Management.FOLLOW_UP, follow_up_months__isnull=False, follow_up_months__range=(1, 60))
                | (~Q(management=Management.FOLLOW_UP) & Q(follow_up_months__isnull=True)),
                name="answer_follow_up_has_months",
            ),
            models.CheckConstraint(condition=Q(icd10__regex=ICD10), name="answer_icd10_shape"),
            models.CheckConstraint(condition=~Q(signed_name=""), name="answer_is_signed"),
            models.CheckConstraint(condition=Q(is_second=True) | Q(is_blind__isnull=True), name="answer_blind_means_second"),
            models.UniqueConstraint(fields=["case", "is_second"], condition=Q(supersedes__isnull=True), name="answer_one_of_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.diagnosis_words}, signed by {self.signed_name}"

    @property
    def diagnosis_words(self) -> str:
        return self.other_diagnosis or self.get_diagnosis_display()


class AnswerDraft(UuidModel):
    """What a dermatologist has typed and not signed yet; nobody else sees it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "by"], name="answer_draft_one_each")]

    def __str__(self) -> str:
        return f"Draft of {self.by}"


class TextBlock(UuidModel):
    """A sentence or two that somebody writes often."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="text_blocks")
    title = models.CharField(max_length=80)
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "title"], name="text_block_title_once"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(text=""), name="text_block_says_something"),
        ]

    def __str__(self) -> str:
        return self.title


class Histology(UuidModel):
    """What the pathologist found: the truth that comes later. Never changed; a correction is another row, the newest counts."""

    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="histologies")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="histologies")
    diagnosis = models.CharField(max_length=8, choices=Diagnosis)
    other_diagnosis = models.CharField(max_length=200, blank=True)
    breslow_mm = models.DecimalField("Breslow thickness (mm)", max_digits=4, decimal_places=2, null=True, blank=True)
    reported_on = models.DateField(help_text="The day of the pathologist's report.")
    text = models.TextField(max_length=5000, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "histologies"
        constraints = [
            models.CheckConstraint(condition=Q(diagnosis__in=Diagnosis.values), name="histology_diagnosis_known"),
            models.CheckConstraint(
                condition=(Q(diagnosis=Diagnosis.OTHER) & ~Q(other_diagnosis="")) | (~Q(diagnosis=Diagnosis.OTHER) & Q(other_diagnosis="")),
                name="histology_other_is_named",
            ),
            models.CheckConstraint(
                condition=Q(breslow_mm__isnull=True) | Q(breslow_mm__gt=0, diagnosis=Diagnosis.MEL), name="histology_breslow_of_melanoma"
            ),
        ]

    def __str__(self) -> str:
        return f"Histology: {self.diagnosis_words}"

    @property
    def diagnosis_words(self) -> str:
        return self.other_diagnosis or self.get_diagnosis_display()


class Impression(UuidModel):
    """What somebody thought of a picture before they saw what the machine makes of it. Never changed."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="impressions")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    diagnosis = models.CharField(max_length=8, choices=Diagnosis)
    certainty = models.CharField(max_length=10, choices=Certainty)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["image", "by"], name="impression_one_each"),
            models.CheckConstraint(condition=Q(diagnosis__in=Diagnosis.values), name="impression_diagnosis_known"),
            models.CheckConstraint(condition=Q(certainty__in=Certainty.values), name="impression_certainty_known"),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.get_diagnosis_display()}"
