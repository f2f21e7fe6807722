"""A real worker, a real broker, the real models: kill the one, empty the other, and wait."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from analysis import services, storage
from analysis.models import Analysis, Status
from patients.models import Image, Lesion, Practice, Role
from tests.analysis.tiny import ALONE
from tests.conftest import wait_until
from tests.factories import make_image, make_lesion, make_patient, make_user, png_bytes
from tests.integration.trained import needs_models

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    needs_models,
]

Start = Callable[..., "subprocess.Popen[bytes]"]

IMPATIENT = {"ANALYSIS_LEASE_S": "8", "ANALYSIS_REPUBLISH_S": "3", "SWEEP_INTERVAL_S": "0.5", "TORCH_THREADS": "1"}
"""The same healing as in service, only sooner. One thread: these tests share the machine with others."""


@pytest.fixture
def lesion() -> Lesion:
    practice = Practice.objects.create(name="North")
    make_user("ada", role=Role.GP, practice=practice)
    return make_lesion(make_patient(practice))


def ask_for(lesion: Lesion, count: int) -> None:
    """`count` photographs, each with its message sent."""
    for seed in range(count):
        image = make_image(lesion, png_bytes(300, 225, seed), width_px=300, height_px=225, media_type="image/png")
        services.request_analysis(actor=lesion.created_by, image=image)


def wait_for_all(count: int) -> None:
    succeeded = Analysis.objects.filter(status=Status.SUCCEEDED)
    wait_until(lambda: succeeded.count() == count, what=f"{count} analyses to succeed", limit_s=240)


def stop_in_the_middle(worker: subprocess.Popen[bytes]) -> Analysis:
    """Freeze the worker while it is between two stages, so that the kill cannot miss."""
    middle = Analysis.objects.filter(status=Status.RUNNING, stages_done__in=(1, 2, 3, 4, 5))
    for _ in range(1000):
        wait_until(middle.exists, what="a running analysis", is_alive=lambda: worker.poll() is None)
        worker.send_signal(signal.SIGSTOP)
        if caught := middle.first():
            return caught
        worker.send_signal(signal.SIGCONT)
    raise AssertionError("the worker was never caught in the middle of an analysis")


def test_a_worker_killed_in_the_middle_of_an_analysis_loses_nothing(lesion: Lesion, start_worker: Start, start_beat: Start) -> None:
    start_beat(**IMPATIENT)
    worker = start_worker(**IMPATIENT)
    ask_for(lesion, 3)
    interrupted = stop_in_the_middle(worker)
    worker.kill()
    worker.wait()
    start_worker(**IMPATIENT)
    wait_for_all(3)
    interrupted.refresh_from_db()
    assert interrupted.attempt == 2
    for analysis in Analysis.objects.all():
        assert analysis.artefacts.count() == len(ALONE)
        assert len(storage.files.listdir(f"analyses/{analysis.pk}")[0]) == 1


def test_a_broker_emptied_while_ten_are_queued_loses_nothing(lesion: Lesion, start_worker: Start, start_beat: Start) -> None:
    start_beat(**IMPATIENT)
    start_worker(**IMPATIENT)
    ask_for(lesion, 10)
    with Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushdb()
    assert Analysis.objects.filter(status=Status.QUEUED).count() >= 5
    wait_for_all(10)
    assert Image.objects.filter(analyses__status=Status.SUCCEEDED).distinct().count() == 10


def test_a_database_that_drops_every_connection_loses_nothing(lesion: Lesion, start_worker: Start, start_beat: Start) -> None:
    start_beat(**IMPATIENT)
    worker = start_worker(**IMPATIENT)
    ask_for(lesion, 2)
    interrupted = stop_in_the_middle(worker)
    with connection.cursor() as cursor:
        others = "backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608
    worker.send_signal(signal.SIGCONT)
    wait_for_all(2)
    interrupted.refresh_from_db()
    assert interrupted.attempt == 2
