"""Whoever withdrew the consent to care is analysed no more; what is there stays readable."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from analysis import services
from analysis.models import Analysis, Status
from patients import services as records
from patients.models import Purpose
from skinclinic.errors import ClinicError
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import make_image


@pytest.fixture(autouse=True)
def _no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: UUID) -> None:
        raise AssertionError("nothing may be sent to a worker")

    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", refuse)


def withdraw(cast: Cast) -> None:
    records.give_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.CARE, given_on=date(2026, 3, 1))
    records.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.CARE)


def test_no_analysis_is_begun_or_begun_again(cast: Cast) -> None:
    failed, untouched = in_state(cast.image, Status.FAILED), make_image(cast.lesion)
    withdraw(cast)
    before = list(Analysis.objects.values())
    with pytest.raises(ClinicError) as refused:
        services.request_analysis(actor=cast.ada, image=untouched)
    assert refused.value.code == "care_withdrawn"
    with pytest.raises(ClinicError) as refused:
        services.retry_analysis(actor=cast.ada, analysis=failed)
    assert refused.value.code == "care_withdrawn"
    assert list(Analysis.objects.values()) == before


def test_what_is_under_way_is_still_the_answer(cast: Cast) -> None:
    queued = in_state(cast.image, Status.QUEUED)
    withdraw(cast)
    assert services.request_analysis(actor=cast.ada, image=cast.image) == queued
