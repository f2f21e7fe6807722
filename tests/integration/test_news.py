"""News on a real worker: what is overdue is found, told and mailed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from patients.models import Notification, User
from patients.tasks import mark_breaches_task
from tests.cast import Cast
from tests.conftest import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_a_worker_finds_the_overdue_tells_people_and_mails_them(
    cast: Cast, stored_files: Path, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    User.objects.filter(pk=cast.dana.pk).update(email="dana@example.org")
    start_worker(queues="default", EMAIL_HOST="")
    mark_breaches_task.delay()  # the cases of the cast were due in March
    wait_until(Notification.objects.filter(to=cast.dana, kind="breach").exists, what="the breach to be told")
    wait_until(Notification.objects.filter(to=cast.dana, mailed_at__isnull=False).exists, what="the mail")
    cast.case.refresh_from_db()
    assert cast.case.breached_at is not None
    (mail,) = (path.read_text() for path in (stored_files.parent / "mail").iterdir())
    assert "To: dana@example.org" in mail
    assert "overdue" in mail
    assert cast.case.reference in mail
    assert "Archer" not in mail


def test_marking_twice_tells_once(cast: Cast, start_worker: Callable[..., subprocess.Popen[bytes]]) -> None:
    start_worker(queues="default", EMAIL_HOST="")
    mark_breaches_task.delay()
    wait_until(Notification.objects.filter(to=cast.dana, kind="breach").exists, what="the breach to be told")
    mark_breaches_task()
    assert Notification.objects.filter(to=cast.dana, kind="breach").count() == 1
