"""Two at the same moment, on two real connections."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from analysis import services
from analysis.models import Analysis, Status
from analysis.regions import Region
from analysis.services import jobs
from patients.models import Image
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
AT_ONCE = 4


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)


def at_once(action: Callable[[], T]) -> list[T]:
    """Do the same in several threads, each with a database connection of its own, starting together."""
    start = Barrier(AT_ONCE)

    def act(_: int) -> T:
        start.wait()
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(act, range(AT_ONCE)))


def test_of_many_workers_one_gets_the_lease(image: Image) -> None:
    analysis = in_state(image, Status.QUEUED)
    leases = at_once(lambda: jobs.claim(Analysis.objects.all(), pk=analysis.pk))
    assert sum(lease is not None for lease in leases) == 1
    analysis.refresh_from_db()
    assert (analysis.attempt, analysis.lease) == (1, next(filter(None, leases)))


def test_a_message_delivered_to_many_workers_is_computed_once(image: Image) -> None:
    analysis, analyser = in_state(image, Status.QUEUED), TinyAnalyser()
    at_once(lambda: services.run_analysis(pk=analysis.pk, analyser=analyser))
    assert len(analyser.seen) == 1
    assert Analysis.objects.get(pk=analysis.pk).status == Status.SUCCEEDED


@pytest.mark.parametrize("region", [None, Region(10, 10, 80, 80)])
def test_many_requests_for_one_image_give_one_analysis(image: Image, region: Region | None) -> None:
    asked = at_once(lambda: services.request_analysis(actor=image.uploaded_by, image=image, region=region))
    assert len({analysis.pk for analysis in asked}) == 1
    assert Analysis.objects.count() == 1
