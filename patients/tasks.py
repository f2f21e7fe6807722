"""What Celery runs for the records. Arguments are primary keys; the work is done elsewhere."""

from __future__ import annotations

from celery import shared_task

from patients import services
from patients.trail import anchors


@shared_task
def anchor_audit_task() -> None:
    anchors.note_head()


@shared_task
def clear_away_task() -> None:
    services.clear_away()


@shared_task
def mail_notifications_task() -> None:
    services.mail_notifications()


@shared_task
def mark_breaches_task() -> None:
    services.mark_breaches()
