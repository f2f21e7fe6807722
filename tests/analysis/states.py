"""Analyses in any state, as the services would leave them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models.functions import Now

from analysis.models import Analysis, Status
from patients.models import Image

_NOT_RUNNING: dict[str, Any] = {"lease": None, "lease_expires_at": None}
_NO_REASON: dict[str, Any] = {"failure_code": "", "failure_message": ""}

FIELDS: dict[Status, dict[str, Any]] = {
    Status.QUEUED: _NOT_RUNNING | _NO_REASON | {"started_at": None, "finished_at": None, "stage": "", "stages_done": 0},
    Status.RUNNING: {"lease": uuid4(), "lease_expires_at": Now() + timedelta(minutes=1), "started_at": Now(), "attempt": 1},
    Status.SUCCEEDED: _NOT_RUNNING | {"started_at": Now(), "finished_at": Now(), "result": {}, "p_malignant": 0.5},
    Status.FAILED: _NOT_RUNNING | {"finished_at": Now(), "failure_code": "some-code", "failure_message": "A sentence."},
    Status.CANCELLED: _NOT_RUNNING | {"finished_at": Now()},
}
"""Status → what a row in this status must say."""


def in_state(image: Image, status: Status, **fields: Any) -> Analysis:
    analysis = Analysis.objects.create(image=image, requested_by=image.uploaded_by, status=status, **FIELDS[status] | fields)
    analysis.refresh_from_db()
    return analysis
