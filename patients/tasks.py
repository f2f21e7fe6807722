"""What Celery runs. Arguments are primary keys; the work is in `services`."""

from __future__ import annotations

from celery import shared_task

from patients import services


@shared_task
def mail_notifications_task() -> None:
    services.mail_notifications()


@shared_task
def mark_breaches_task() -> None:
    services.mark_breaches()
