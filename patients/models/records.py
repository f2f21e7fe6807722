"""Patients, their lesions, and what lets somebody outside the practice see them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from patients.models.people import Language, Practice, Role, User, Viewer, role_of
from patients.sites import site_label
from skinclinic.base import UuidModel

if TYPE_CHECKING:
    from patients.models.cases import Case

MIN_BREAK_GLASS_REASON = 10
"""Characters. Shorter than this is no reason."""
EARLIEST_BIRTH = date(1890, 1, 1)
"""Nobody older is alive; an earlier date is a slip of the pen."""


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Not known"


class SkinType(models.IntegerChoices):
    I = 1, "I – always burns, never tans"  # noqa: E741
    II = 2, "II – usually burns, tans poorly"
    III = 3, "III – sometimes burns, tans gradually"
    IV = 4, "IV – rarely burns, tans well"
    V = 5, "V – very rarely burns, brown skin"
    VI = 6, "VI – never burns, dark brown or black skin"


class RiskFactor(models.TextChoices):
    """What raises somebody's risk of skin cancer, as asked at the first visit."""

    MELANOMA_BEFORE = "melanoma_before", "Melanoma before"
    SKIN_CANCER_BEFORE = "skin_cancer_before", "Other skin cancer before"
    MELANOMA_IN_FAMILY = "melanoma_in_family", "Melanoma of a parent, brother, sister or child"
    IMMUNOSUPPRESSED = "immunosuppressed", "Immune system suppressed (transplant, medicines, illness)"
    MANY_NAEVI = "many_naevi", "More than 50 moles, or several atypical ones"
    SUNBURNS = "sunburns", "Severe sunburns, above all as a child"


LetterLanguage = Language


def among(field: str, choices: type[models.TextChoices]) -> Q:
    """For arrays: every element is one of the choices."""
    return Q(**{f"{field}__contained_by": choices.values})


def _cases_of(viewer: Viewer) -> models.QuerySet[Case]:
    """The cases of a dermatologist. Imported late: cases are built on the records."""
    from patients.models.cases import Case

    return Case.objects.addressed_to(viewer)


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """GP: their practice. Dermatologist: whoever has a case of theirs. Admin: opened with a reason. Others: nobody."""
        match role_of(viewer), viewer:
            case Role.GP, User(practice_id=practice_id):
                return self.filter(practice=practice_id)
            case Role.DERMATOLOGIST, _:
                return self.filter(pk__in=_cases_of(viewer).values("patient"))
            case Role.ADMIN, _:
                return self.filter(pk__in=BreakGlass.objects.open_for(viewer).values("patient"))
        return self.none()


class Patient(UuidModel):
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, related_name="patients")
    record_number = models.CharField(max_length=40)
    family_name = models.CharField(max_length=120)
    given_names = models.CharField(max_length=120)
    birth_date = models.DateField("date of birth")
    sex = models.CharField(max_length=8, choices=Sex)
    skin_type = models.PositiveSmallIntegerField("Fitzpatrick skin type", choices=SkinType, null=True, blank=True)
    risk_factors = ArrayField(models.CharField(max_length=24, choices=RiskFactor), default=list, blank=True)
    address = models.TextField(max_length=300, blank=True, help_text="As on a letter.")
    letter_language = models.CharField(max_length=2, choices=LetterLanguage, default=LetterLanguage.ENGLISH)
    search_words = ArrayField(models.CharField(max_length=120), default=list, blank=True, editable=False)
    """What the search finds the patient by (`patients.search.index_of`), kept up to date by the services."""
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    """Counts the changes: whoever changes what somebody else has changed meanwhile is told."""
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    changed_at = models.DateTimeField(null=True, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["family_name", "given_names", "birth_date", "id"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "record_number"], name="patient_record_number_unique"),
            models.CheckConstraint(
                condition=~Q(record_number="") & ~Q(family_name="") & ~Q(given_names=""), name="patient_has_names_and_number"
            ),
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="patient_sex_known"),
            models.CheckConstraint(condition=Q(skin_type__isnull=True) | Q(skin_type__range=(1, 6)), name="patient_skin_type_fitzpatrick"),
            models.CheckConstraint(condition=Q(birth_date__gte=EARLIEST_BIRTH), name="patient_birth_date_plausible"),
            models.CheckConstraint(condition=among("risk_factors", RiskFactor), name="patient_risk_factors_known"),
            models.CheckConstraint(condition=Q(letter_language__in=LetterLanguage.values), name="patient_letter_language_known"),
        ]
        indexes = [
            models.Index(fields=["practice", "-created_at"], name="patient_recent"),
            models.Index(fields=["practice", "family_name", "given_names", "birth_date", "id"], name="patient_by_name"),
            models.Index(fields=["practice", "birth_date"], name="patient_by_birth_date"),
            # For dermatologists, whose patients come from many practices.
            models.Index(fields=["family_name", "given_names", "birth_date", "id"], name="patient_by_name_anywhere"),
            # Written at once rather than in batches: patients are registered seldom and searched for all day.
            GinIndex(fields=["search_words"], fastupdate=False, name="patient_by_words"),
        ]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_names}"

    def get_absolute_url(self) -> str:
        return reverse("patients:detail", args=[self.pk])

    @property
    def risk_factor_labels(self) -> list[str]:
        return [str(RiskFactor(one).label) for one in self.risk_factors]

    @property
    def age_years(self) -> int:
        today, born = timezone.localdate(), self.birth_date
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class SearchWord(models.Model):
    """Every word of a name that some patient has, with its trigrams: what a misspelt word may have meant. It does not say whose it is."""

    word = models.CharField(max_length=120, primary_key=True)
    trigrams = ArrayField(models.CharField(max_length=3))

    class Meta:
        ordering = ["word"]
        indexes = [GinIndex(fields=["trigrams"], fastupdate=False, name="search_word_by_trigram")]

    def __str__(self) -> str:
        return self.word


class Laterality(models.TextChoices):
    """The letters of DICOM's Laterality (0020,0060) and Image Laterality (0020,0062)."""

    LEFT = "L", "Left"
    RIGHT = "R", "Right"
    UNPAIRED = "U", "Midline"


class Symptom(models.TextChoices):
    ITCHING = "itching", "Itches"
    PAIN = "pain", "Hurts"
    BLEEDING = "bleeding", "Bleeds"
    OOZING = "oozing", "Oozes or crusts"
    GROWING = "growing", "Grows"
    COLOUR = "colour", "Changes colour"


class LesionQuerySet(models.QuerySet["Lesion"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """A dermatologist sees the lesions of their cases alone; others see every lesion of a patient they may see."""
        match role_of(viewer), viewer:
            case Role.GP, User(practice_id=practice_id):  # a plain join: PostgreSQL may begin at either end of it
                return self.filter(patient__practice=practice_id)
            case Role.DERMATOLOGIST, _:
                return self.filter(pk__in=_cases_of(viewer).values("lesion"))
        return self.filter(patient__in=Patient.objects.visible_to(viewer))


class Lesion(UuidModel):
    """One spot on one person's skin: the same row at every visit."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="lesions")
    number = models.PositiveSmallIntegerField(help_text="Counts the lesions of one patient.")
    site_code = models.CharField(max_length=16, help_text="DICOM CID 4029, Dermatology Anatomic Sites.")
    site_scheme = models.CharField(max_length=16)
    site_meaning = models.CharField(max_length=64)
    laterality = models.CharField(max_length=1, choices=Laterality)
    first_noticed = models.DateField(null=True, blank=True)
    first_noticed_roughly = models.BooleanField(default=False, help_text="The day is a guess: the month is what was said.")
    symptoms = ArrayField(models.CharField(max_length=16, choices=Symptom), default=list, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    changed_at = models.DateTimeField(null=True, editable=False)

    objects = LesionQuerySet.as_manager()

    class Meta:
        ordering = ["patient", "number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="lesion_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="lesion_number_from_one"),
            models.CheckConstraint(condition=Q(laterality__in=Laterality.values), name="lesion_laterality_known"),
            models.CheckConstraint(condition=~Q(site_code="") & ~Q(site_scheme="") & ~Q(site_meaning=""), name="lesion_site_coded"),
            models.CheckConstraint(condition=among("symptoms", Symptom), name="lesion_symptoms_known"),
            models.CheckConstraint(
                condition=Q(first_noticed_roughly=False) | Q(first_noticed__isnull=False), name="lesion_roughly_means_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"Lesion {self.number}: {self.site}"

    def get_absolute_url(self) -> str:
        return reverse("patients:lesion", args=[self.pk])

    @property
    def site(self) -> str:
        """The site in plain words: "Left cheek"."""
        label = site_label(self.site_meaning)
        if self.laterality == Laterality.UNPAIRED:
            return label
        return f"{self.get_laterality_display()} {label[:1].lower()}{label[1:]}"

    @property
    def symptom_words(self) -> list[str]:
        return [str(Symptom(symptom).label) for symptom in self.symptoms]


class Checklist(UuidModel):
    """The weighted 7-point checklist, answered once: another visit is another row.

    Three major signs count 2 each, four minor ones 1 each: 0 to 10. From 3 on it calls for an urgent referral. The signs are those of
    the revised Glasgow checklist (MacKie 1990, BMJ 301:1005); weights and threshold those by which NICE refers pigmented lesions on a
    suspected cancer pathway (NG12), studied in general practice by Walter et al. 2013, doi:10.3399/bjgp13X667213.
    """

    MAJOR = ("change_in_size", "irregular_shape", "irregular_colour")
    MINOR = ("diameter_7_mm", "inflammation", "oozing", "change_in_sensation")
    URGENT_FROM = 3

    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="checklists")
    change_in_size = models.BooleanField("Change in size")
    irregular_shape = models.BooleanField("Irregular shape")
    irregular_colour = models.BooleanField("Irregular colour")
    diameter_7_mm = models.BooleanField("Largest diameter 7 mm or more")
    inflammation = models.BooleanField("Inflammation")
    oozing = models.BooleanField("Oozing")
    change_in_sensation = models.BooleanField("Change in sensation")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["lesion", "-at"], name="checklist_newest")]

    def __str__(self) -> str:
        return f"{self.score} of 10"

    @property
    def score(self) -> int:
        """0 to 10."""
        return 2 * self._count(self.MAJOR) + self._count(self.MINOR)

    def _count(self, signs: tuple[str, ...]) -> int:
        return sum(bool(getattr(self, sign)) for sign in signs)

    @property
    def is_urgent(self) -> bool:
        return self.score >= self.URGENT_FROM


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def open_for(self, viewer: Viewer) -> Self:
        if not isinstance(viewer, User) or role_of(viewer) != Role.ADMIN:
            return self.none()
        return self.filter(admin=viewer, expires_at__gt=timezone.now())


class BreakGlass(UuidModel):
    """An administrator's recorded reason to open one patient's record for a short time."""

    admin = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(max_length=1000)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("opened_at")), name="break_glass_ends"),
            models.CheckConstraint(condition=Q(reason__regex=rf".{{{MIN_BREAK_GLASS_REASON},}}"), name="break_glass_has_reason"),
        ]
        indexes = [models.Index(fields=["admin", "expires_at"], name="break_glass_open")]

    def __str__(self) -> str:
        return f"Opened by {self.admin} until {self.expires_at:%Y-%m-%d %H:%M}"
