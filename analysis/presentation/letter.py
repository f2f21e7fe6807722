"""What a letter says of the machine's findings."""

from __future__ import annotations

from uuid import UUID

from analysis.models import Analysis, Status
from analysis.presentation.report import Report
from patients.letters import MachineFinding
from patients.models import Lesion, User
from patients.services import must_give_impression


def findings_for(viewer: User, lesion: Lesion) -> dict[UUID, MachineFinding]:
    """The newest result of every whole picture of the lesion, by its key. Whoever has yet to say what they think themselves is not told
    this way either.
    """
    finished = Analysis.objects.filter(image__lesion=lesion, region__isnull=True, status=Status.SUCCEEDED)
    newest = finished.order_by("image_id", "-finished_at").distinct("image_id").select_related("image__lesion__patient__practice")
    told = (analysis for analysis in newest if not must_give_impression(viewer, analysis.image))
    return {analysis.image_id: finding for analysis in told if (finding := _finding(analysis))}


def _finding(analysis: Analysis) -> MachineFinding | None:
    report = Report(analysis)
    classes = report.found.get("classification")
    if not classes:
        return None
    return MachineFinding(
        is_alert=report.is_suspicious,
        p_malignant=classes["p_malignant"],
        threshold=classes["threshold"],
        diagnoses=tuple((score["label"], score["probability"]) for score in classes["scores"]),
        is_unfamiliar=report.is_unfamiliar,
        is_poor=report.should_be_retaken,
        models=tuple(used["name"] for used in analysis.models_used if used.get("task") == "classification"),
    )
