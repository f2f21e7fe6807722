"""The state machine: which moves exist, and what the database says each state implies."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from analysis.models import LIVE, TERMINAL, Analysis, Status
from patients.models import Image
from tests.analysis.states import FIELDS, in_state

ALLOWED = {
    (Status.QUEUED, Status.RUNNING),
    (Status.QUEUED, Status.CANCELLED),
    (Status.RUNNING, Status.RUNNING),
    (Status.RUNNING, Status.QUEUED),
    (Status.RUNNING, Status.SUCCEEDED),
    (Status.RUNNING, Status.FAILED),
    (Status.RUNNING, Status.CANCELLED),
    (Status.FAILED, Status.QUEUED),
}
PAIRS = list(product(Status, Status))


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_pair_of_states(image: Image, source: Status, target: Status) -> None:
    analysis = in_state(image, source)
    if (source, target) not in ALLOWED:
        with pytest.raises(ValueError, match="cannot move"):
            Analysis.objects.move(analysis.pk, source, target, **FIELDS[target])
        target = source
    else:
        assert Analysis.objects.move(analysis.pk, source, target, **FIELDS[target])
    analysis.refresh_from_db()
    assert analysis.status == target


@pytest.mark.django_db
@pytest.mark.parametrize(("actual", "believed"), [(a, b) for a, b in PAIRS if a != b and (b, Status.RUNNING) in ALLOWED])
def test_a_move_from_another_state_changes_nothing(image: Image, actual: Status, believed: Status) -> None:
    analysis = in_state(image, actual)
    assert not Analysis.objects.move(analysis.pk, believed, Status.RUNNING, **FIELDS[Status.RUNNING])
    analysis.refresh_from_db()
    assert analysis.status == actual


LIES: list[tuple[Status, dict[str, Any]]] = [
    (Status.QUEUED, {"lease": uuid4()}),
    (Status.QUEUED, {"started_at": Now()}),
    (Status.QUEUED, {"stages_done": 1}),
    (Status.RUNNING, {"lease": None}),
    (Status.RUNNING, {"lease_expires_at": None}),
    (Status.RUNNING, {"started_at": None}),
    (Status.RUNNING, {"finished_at": Now()}),
    (Status.RUNNING, {"result": {}}),
    (Status.SUCCEEDED, {"result": None}),
    (Status.SUCCEEDED, {"p_malignant": None}),
    (Status.SUCCEEDED, {"p_malignant": 1.5}),
    (Status.SUCCEEDED, {"finished_at": None}),
    (Status.SUCCEEDED, {"lease": uuid4()}),
    (Status.FAILED, {"failure_code": ""}),
    (Status.FAILED, {"failure_message": ""}),
    (Status.FAILED, {"finished_at": None}),
    (Status.CANCELLED, {"finished_at": None}),
    (Status.CANCELLED, {"failure_code": "x", "failure_message": "x"}),
    (Status.CANCELLED, {"status": "UNKNOWN"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "lie"), LIES)
def test_the_database_refuses_a_state_that_contradicts_itself(image: Image, status: Status, lie: dict[str, Any]) -> None:
    analysis = in_state(image, status)
    with pytest.raises(IntegrityError), transaction.atomic():
        Analysis.objects.filter(pk=analysis.pk).update(**lie)


@pytest.mark.django_db
@pytest.mark.parametrize("status", LIVE)
def test_an_image_has_one_live_analysis(image: Image, status: Status) -> None:
    in_state(image, status)
    with pytest.raises(IntegrityError), transaction.atomic():
        in_state(image, Status.QUEUED)


@pytest.mark.django_db
@pytest.mark.parametrize("status", LIVE)
def test_each_region_of_an_image_has_one_live_analysis(image: Image, status: Status) -> None:
    in_state(image, status, region=[0, 0, 70, 70])
    in_state(image, status, region=[0, 0, 70, 71])
    in_state(image, status)
    with pytest.raises(IntegrityError), transaction.atomic():
        in_state(image, Status.QUEUED, region=[0, 0, 70, 70])


@pytest.mark.django_db
@pytest.mark.parametrize("lie", [[], [0, 0, 70], [0, 0, 70, 70, 70], [-1, 0, 70, 70], [0, -1, 70, 70], [0, 0, 0, 70], [0, 0, 70, 0]])
def test_the_database_refuses_what_is_no_rectangle(image: Image, lie: list[int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        in_state(image, Status.QUEUED, region=lie)


@pytest.mark.django_db
@pytest.mark.parametrize("index", range(4))
def test_the_database_refuses_a_rectangle_that_is_not_known_whole(image: Image, index: int) -> None:
    lie: list[int | None] = [0, 0, 70, 70]
    lie[index] = None
    with pytest.raises(IntegrityError), transaction.atomic():
        in_state(image, Status.QUEUED, region=lie)


@pytest.mark.django_db
@pytest.mark.parametrize("status", TERMINAL)
def test_an_ended_analysis_leaves_room_for_another(image: Image, status: Status) -> None:
    in_state(image, status)
    assert in_state(image, Status.QUEUED).is_live


@pytest.mark.django_db
def test_an_expired_lease_makes_an_analysis_abandoned_and_claimable(image: Image) -> None:
    running = in_state(image, Status.RUNNING)
    assert not Analysis.objects.abandoned().exists()
    assert not Analysis.objects.claimable().exists()
    Analysis.objects.filter(pk=running.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    assert Analysis.objects.abandoned().get() == running
    assert Analysis.objects.claimable().get() == running
