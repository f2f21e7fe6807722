"""What an analysis finds may put the case of its lesion forward in the queue, and never back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from analysis import services
from analysis.findings import pack
from analysis.models import Status
from patients.models import AuditEntry, Case, Image
from tests.analysis import tiny
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import make_image

pytestmark = pytest.mark.django_db


def found(image: Image, p_malignant: float, region: list[int] | None = None) -> None:
    running = in_state(image, Status.RUNNING, region=region)
    assert running.lease
    output = replace(tiny.output(), classification=tiny.classification(p_malignant))
    services.record_findings(pk=running.pk, lease=running.lease, findings=pack(output))


def place(case: Case) -> datetime:
    case.refresh_from_db()
    assert case.stands_at
    return case.stands_at


def test_a_case_rises_with_what_is_found_and_never_falls(cast: Cast) -> None:
    stands = [place(cast.case)]
    for p_malignant in (0.3, 0.9, 0.1):
        found(cast.image, p_malignant)
        stands.append(place(cast.case))
    found(make_image(cast.lesion), 0.2)
    stands.append(place(cast.case))
    assert stands[0] > stands[1] > stands[2] == stands[3] == stands[4]
    cast.image.refresh_from_db()
    assert (cast.image.alert, cast.case.alert) == (0.9, 0.9)


def test_it_changes_its_order_in_the_queue(cast: Cast) -> None:
    first, second = Case.objects.in_order()
    found(second.lesion.images.get(), 0.8)
    assert list(Case.objects.in_order()) == [second, first]


def test_a_marked_region_says_nothing_of_the_whole_picture(cast: Cast) -> None:
    before = place(cast.case)
    found(cast.image, 0.99, region=[10, 10, 80, 80])
    cast.image.refresh_from_db()
    assert (place(cast.case), cast.image.alert) == (before, None)


def test_the_trace_comes_last_and_falls_with_the_rest(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("analysis.services.analyses.raise_alert", fail)
    with pytest.raises(RuntimeError):
        found(cast.image, 0.9)
    assert not AuditEntry.objects.filter(action="analysis.result").exists()
    assert not cast.image.analyses.filter(status=Status.SUCCEEDED).exists()
