"""Reads that span models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import DateField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, TruncDate

from analysis.models import ANSWERS, LIVE, Analysis, Status
from analysis.regions import Region
from analysis.same_place import SamePlace, find
from patients.models import Image


def newest_analysis(image: Image) -> Analysis | None:
    """What the clinician wants to see of a whole image: the newest that is under way or succeeded, else the newest of all."""
    return newest_of_each(image).get(None)


def newest_of_each(image: Image) -> dict[Region | None, Analysis]:
    """The same of the whole picture (None) and of every region that was marked on it, in the order in which they were first asked for."""
    newest: dict[Region | None, Analysis] = {}
    for analysis in Analysis.objects.filter(image=image).defer("result").order_by("queued_at"):
        known = newest.get(analysis.marked)
        if known is None or analysis.status in ANSWERS or known.status not in ANSWERS:
            newest[analysis.marked] = analysis
    return newest


def newest_results(images: Iterable[Image]) -> dict[UUID, Analysis]:
    """Of each image the newest finished analysis of the whole picture, with its result, image and artefacts."""
    found = Analysis.objects.filter(image__in=images, region__isnull=True, status=Status.SUCCEEDED)
    newest = found.order_by("image_id", "-queued_at").distinct("image_id").select_related("image").prefetch_related("artefacts")
    return {analysis.image_id: analysis for analysis in newest}


def under_way(images: Iterable[Image]) -> set[UUID]:
    """Of these images, those of which an analysis of the whole waits or runs."""
    return set(Analysis.objects.filter(image__in=images, region__isnull=True, status__in=LIVE).values_list("image", flat=True))


def picture_of_last_visit(image: Image) -> Image | None:
    """The newest picture taken in the same way on the last day before this one's, of the same lesion."""
    day = Coalesce("taken_on", TruncDate("uploaded_at"), output_field=DateField())
    same = Image.objects.filter(lesion=image.lesion_id, modality=image.modality)
    return same.annotate(on=day).filter(on__lt=image.day).order_by("-on", "-uploaded_at").first()


@dataclass(frozen=True)
class StoredFigures:
    """Those figures of a finished analysis by which the lesions of a patient are compared; None: could not be told."""

    p_malignant: float
    asymmetry: float | None
    """Across the long axis, 0 to 1."""
    border: float | None
    colours: int | None
    diameter_mm: float | None
    diameter_px: float | None
    failure: str
    """Why nothing was measured, a sentence; or empty."""
    is_unfamiliar: bool
    touches_border: bool
    should_be_retaken: bool


def figures_of_newest(images: Iterable[Image]) -> dict[UUID, StoredFigures]:
    """By image, of its newest finished analysis of the whole picture. One query, and only these parts of the large result document."""
    parts = {name: KeyTransform(name, "result") for name in ("abcd", "familiarity", "lesion", "quality")}
    done = Analysis.objects.filter(image__in=list(images), region__isnull=True, status=Status.SUCCEEDED)
    newest = done.order_by("image_id", "-queued_at").distinct("image_id").annotate(**parts)
    return {row["image_id"]: _figures(row) for row in newest.values("image_id", "p_malignant", *parts)}


def _figures(row: dict[str, Any]) -> StoredFigures:
    """Results from before something was judged do not have it."""
    abcd, familiarity, outline, quality = ((row[part] or {}) for part in ("abcd", "familiarity", "lesion", "quality"))
    return StoredFigures(
        p_malignant=row["p_malignant"],
        asymmetry=abcd.get("asymmetry_1"),
        border=abcd.get("border_irregularity"),
        colours=len(abcd["colours"]) if "colours" in abcd else None,
        diameter_mm=abcd.get("diameter_1_mm"),
        diameter_px=abcd.get("diameter_1_px"),
        failure=abcd.get("failure") or "",
        is_unfamiliar=bool(familiarity.get("is_unfamiliar")),
        touches_border=bool(outline.get("touches_border")),
        should_be_retaken=quality.get("verdict") == "retake",
    )


def registration_of(earlier: Image, later: Image) -> Analysis | None:
    """The newest analysis of the later image that tried to lay exactly this earlier one over it."""
    tried = Analysis.objects.filter(image=later, region__isnull=True, result__change__image=str(earlier.pk))
    return tried.select_related("image").order_by("-queued_at").first()


def same_place(earlier: Image, later: Image) -> SamePlace | None:
    """How the two pictures of one lesion lie over one another, by way of others where need be. One query, and only these parts of results:
    of every pair of its pictures that was tried the newest analysis."""
    change = KeyTransform("change", "result")
    tried = Analysis.objects.filter(image__lesion=earlier.lesion_id, region__isnull=True, result__change__has_key="image")
    named = tried.annotate(over=KeyTextTransform("image", change), matrix=KeyTransform("matrix", change))
    newest = named.order_by("image_id", "over", "-queued_at").distinct("image_id", "over")
    laid = {(UUID(one), other): matrix for one, other, matrix in newest.values_list("over", "image_id", "matrix")}
    return find(laid, earlier.pk, later.pk)
