"""Reads that span models."""

from __future__ import annotations

from analysis.models import Analysis
from patients.models import Image


def newest_analysis(image: Image) -> Analysis | None:
    """What the clinician wants to see of an image: the newest that is under way or succeeded, else the newest of all."""
    return Analysis.objects.answering(image) or Analysis.objects.filter(image=image).defer("result").order_by("-queued_at").first()
