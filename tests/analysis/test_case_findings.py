"""The findings of a case beside its pictures: newest results, honest gaps, constant cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analysis import services
from analysis.models import Analysis, Kind, Status
from patients.models import Image
from tests.analysis.pages import with_result
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser
from tests.cast import Cast
from tests.factories import make_image


def finished(image: Image) -> Analysis:
    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    analysis.refresh_from_db()
    return analysis


@pytest.fixture
def dana(cast: Cast, client: Client) -> Client:
    client.force_login(cast.dana)
    return client


def findings(client: Client, cast: Cast) -> str:
    response = client.get(reverse("analysis:case-findings", args=[cast.case.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_newest_result_is_named_with_its_overlays(cast: Cast, dana: Client) -> None:
    old, new = finished(cast.image), finished(cast.image)
    page = findings(dana, cast)
    assert "probability of malignancy 70.0 %" in page
    assert "probability 67.0 %, confidence 62.3 %" in page
    assert reverse("analysis:detail", args=[new.pk]) in page
    assert str(old.pk) not in page
    for kind in (Kind.LESION_OUTLINE, Kind.STRUCTURES, Kind.HEATMAP):
        assert reverse("analysis:artefact", args=[new.pk, kind]) in page
    assert "Preliminary" in page


def test_a_missing_file_is_not_offered_as_an_overlay(cast: Cast, dana: Client) -> None:
    analysis = finished(cast.image)
    analysis.artefacts.filter(kind=Kind.HEATMAP).delete()
    page = findings(dana, cast)
    assert reverse("analysis:artefact", args=[analysis.pk, Kind.HEATMAP]) not in page
    assert reverse("analysis:artefact", args=[analysis.pk, Kind.STRUCTURES]) in page


def test_of_an_unfamiliar_picture_no_verdict_is_given(cast: Cast, dana: Client) -> None:
    analysis = finished(cast.image)
    with_result(analysis, familiarity={**(analysis.result or {})["familiarity"], "is_unfamiliar": True})
    page = findings(dana, cast)
    assert "No verdict" in page
    assert "70.0 %" not in page


@pytest.mark.parametrize(
    ("status", "words"), [(None, "Ask for an analysis"), (Status.QUEUED, "waiting or under way"), (Status.FAILED, "Ask for an analysis")]
)
def test_a_gap_is_told(cast: Cast, dana: Client, status: Status | None, words: str) -> None:
    if status:
        in_state(cast.image, status)
    assert words in findings(dana, cast)


def test_a_newer_analysis_under_way_is_mentioned_and_a_region_does_not_count(cast: Cast, dana: Client) -> None:
    whole = finished(cast.image)
    in_state(cast.image, Status.RUNNING)
    in_state(cast.image, Status.QUEUED, region=[10, 10, 80, 80])
    page = findings(dana, cast)
    assert str(whole.pk) in page
    assert "A newer analysis is under way." in page


def test_the_cost_does_not_grow(cast: Cast, dana: Client) -> None:
    finished(cast.image)
    with CaptureQueriesContext(connection) as before:
        findings(dana, cast)
    for _ in range(3):
        finished(make_image(cast.lesion))
    with CaptureQueriesContext(connection) as after:
        findings(dana, cast)
    assert len(after) == len(before)
    assert len(after) <= 14
