"""What Celery runs for the records. Arguments are primary keys; the work is done elsewhere."""

from __future__ import annotations

from celery import shared_task

from patients.trail import anchors


@shared_task
def anchor_audit_task() -> None:
    anchors.note_head()
