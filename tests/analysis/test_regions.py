"""A marked region is a question of its own: what can be marked, what answers it, what its page says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.http import Http404
from django.test import Client
from django.urls import reverse

from analysis import selectors, services
from analysis.findings import pack
from analysis.models import Analysis, Status
from analysis.presentation.regions import name_of
from analysis.presentation.report import Report
from analysis.regions import Region, check, least_px
from patients.models import AuditEntry, Image, Practice, Role
from skinclinic.errors import ClinicError
from tests.analysis import tiny
from tests.analysis.pages import page
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser
from tests.factories import make_user

LEFT, RIGHT = Region(5, 10, 64, 80), Region(90, 10, 66, 80)
"""Of a picture of 160×120 pixels."""


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)


def ask(image: Image, region: Region | None) -> Analysis:
    return services.request_analysis(actor=image.uploaded_by, image=image, region=region)


def run(analysis: Analysis) -> Analysis:
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    analysis.refresh_from_db()
    return analysis


# --- what can be marked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "code"),
    [
        (Region(-1, 0, 100, 100), "region-outside"),
        (Region(0, -1, 100, 100), "region-outside"),
        (Region(501, 0, 100, 100), "region-outside"),
        (Region(0, 351, 100, 100), "region-outside"),
        (Region(0, 0, 10**12, 100), "region-outside"),
        (Region(0, 0, 63, 100), "region-too-small"),
        (Region(0, 0, 100, 63), "region-too-small"),
        (Region(0, 0, 100, -5), "region-too-small"),
        (Region(0, 0, 64 * 6 + 1, 64), "region-strange-shape"),
    ],
)
def test_what_cannot_be_analysed_is_refused(region: Region, code: str) -> None:
    with pytest.raises(ClinicError) as refusal:
        check(region, 600, 450)
    assert refusal.value.code == code


@pytest.mark.parametrize("region", [Region(0, 0, 600, 450), Region(536, 386, 64, 64), Region(0, 0, 384, 64)])
def test_what_just_fits_is_accepted(region: Region) -> None:
    check(region, 600, 450)


def test_of_a_large_picture_a_twentieth_of_the_side_must_be_marked() -> None:
    assert [least_px(side_px) for side_px in (40, 600, 1280, 1281, 4000)] == [40, 64, 64, 65, 200]
    with pytest.raises(ClinicError, match="at least 200 × 150 pixels"):
        check(Region(0, 0, 199, 199), 4000, 3000)


# --- what answers -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED])
def test_the_same_region_is_answered_by_the_analysis_there_is(image: Image, status: Status) -> None:
    whole, left = in_state(image, status), in_state(image, status, region=list(LEFT))
    assert ask(image, LEFT) == left
    assert ask(image, None) == whole
    right = ask(image, RIGHT)
    assert right.marked == RIGHT
    assert Analysis.objects.count() == 3


@pytest.mark.django_db
def test_neither_answers_for_the_other(image: Image) -> None:
    left = in_state(image, Status.SUCCEEDED, region=list(LEFT))
    assert selectors.newest_analysis(image) is None
    whole = ask(image, None)
    assert whole.marked is None
    assert selectors.newest_analysis(image) == whole
    assert selectors.newest_of_each(image) == {LEFT: left, None: whole}


@pytest.mark.django_db
def test_of_each_region_the_one_that_went_well_is_shown(image: Image) -> None:
    in_state(image, Status.FAILED, region=list(LEFT))
    good = in_state(image, Status.SUCCEEDED, region=list(LEFT))
    in_state(image, Status.CANCELLED, region=list(LEFT))
    in_state(image, Status.FAILED, region=list(RIGHT))
    stopped = in_state(image, Status.CANCELLED, region=list(RIGHT))
    assert selectors.newest_of_each(image) == {LEFT: good, RIGHT: stopped}


@pytest.mark.django_db
def test_a_failed_region_is_retried_as_that_region(image: Image) -> None:
    failed = in_state(image, Status.FAILED, region=list(LEFT))
    in_state(image, Status.SUCCEEDED)
    assert services.retry_analysis(actor=image.uploaded_by, analysis=failed) == failed
    failed.refresh_from_db()
    assert (failed.status, failed.marked) == (Status.QUEUED, LEFT)


@pytest.mark.django_db
def test_the_region_reaches_the_analyser_and_the_audit_trail(image: Image) -> None:
    analyser = TinyAnalyser()
    for analysis in (ask(image, LEFT), ask(image, None)):
        services.run_analysis(pk=analysis.pk, analyser=analyser)
    assert analyser.regions == [LEFT, None]
    details = AuditEntry.objects.filter(action="analysis.submit").order_by("pk").values_list("detail", flat=True)
    assert list(details) == [{"region": list(LEFT)}, {}]


@pytest.mark.django_db
def test_what_cannot_be_analysed_leaves_nothing_behind(image: Image) -> None:
    with pytest.raises(ClinicError, match="reaches beyond the picture, which is 160 × 120 pixels"):
        ask(image, Region(100, 0, 64, 64))
    stranger = make_user("cleo", role=Role.GP, practice=Practice.objects.create(name="South"))
    with pytest.raises(Http404):
        services.request_analysis(actor=stranger, image=image, region=Region(100, 0, 64, 64))
    assert not Analysis.objects.exists()


# --- pages ------------------------------------------------------------------------------------------------------------


def post(client: Client, image: Image, **numbers: object) -> tuple[int, str, str]:
    response = client.post(reverse("analysis:region", args=[image.pk]), numbers)
    return response.status_code, response.headers.get("Location", ""), response.content.decode()


@pytest.mark.django_db
def test_marking_leads_to_the_page_of_a_new_analysis(ada: Client, image: Image, finished: Analysis) -> None:
    assert "Several lesions in view? Mark the one that is meant" in page(ada, "analysis:detail", finished.pk)
    assert 'name="left"' in page(ada, "analysis:region", image.pk)
    status, address, _ = post(ada, image, **LEFT._asdict())
    marked = Analysis.objects.get(region=list(LEFT))
    assert (status, address) == (302, reverse("analysis:detail", args=[marked.pk]))
    assert post(ada, image, **LEFT._asdict())[1] == address
    finished.refresh_from_db()
    assert finished.status == Status.SUCCEEDED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"left": 120}, "reaches beyond the picture"),
        ({"width": 10}, "too small to be judged"),
        ({"width": "wide"}, "give all four numbers as whole pixels"),
        ({"height": ""}, "give all four numbers as whole pixels"),
        ({"top": "1.5"}, "give all four numbers as whole pixels"),
    ],
)
def test_what_is_wrong_is_told_beside_the_numbers(ada: Client, image: Image, changes: dict[str, object], sentence: str) -> None:
    status, _, content = post(ada, image, **LEFT._asdict() | changes)
    assert status == 400
    assert sentence in content
    assert 'value="5"' in content or "left" in changes, "what was typed is still there"
    assert not Analysis.objects.exists()


@pytest.mark.django_db
def test_a_program_gets_the_addresses(ada: Client, image: Image) -> None:
    response = ada.post(reverse("analysis:region", args=[image.pk]), LEFT._asdict(), headers={"Accept": "application/json"})
    analysis = Analysis.objects.get()
    assert response.status_code == 202
    assert response.json() == {
        "id": str(analysis.pk),
        "status_url": reverse("analysis:status", args=[analysis.pk]),
        "page_url": reverse("analysis:detail", args=[analysis.pk]),
    }


@pytest.mark.django_db
def test_a_program_is_told_what_is_wrong(ada: Client, image: Image) -> None:
    for data in (Region(100, 0, 64, 64)._asdict(), {"left": "x"}):
        response = ada.post(reverse("analysis:region", args=[image.pk]), data, headers={"Accept": "application/json"})
        assert response.status_code == 400
        assert response.json()["error"]["message"]


@pytest.mark.django_db
def test_the_page_of_a_region_says_so_and_leads_to_the_whole_picture_and_back(ada: Client, finished: Analysis) -> None:
    left, right = (run(ask(finished.image, region)) for region in (LEFT, RIGHT))
    content = page(ada, "analysis:detail", left.pk)
    assert "This is the analysis of a marked region, not of the whole picture." in content
    assert re.search(r'class="rectangle" x="5" y="10" width="64" height="80"', content)
    assert reverse("analysis:detail", args=[finished.pk]) in content
    assert reverse("analysis:detail", args=[right.pk]) in content
    assert "looks at the centre square of the image" not in content
    whole = page(ada, "analysis:detail", finished.pk)
    assert "This is the analysis of a marked region" not in whole
    for region in (left, right):
        assert reverse("analysis:detail", args=[region.pk]) in whole


@pytest.mark.django_db
def test_an_image_of_which_only_a_region_was_analysed_is_not_analysed_as_a_whole(ada: Client, image: Image) -> None:
    left = run(ask(image, LEFT))
    content = page(ada, "analysis:latest", image.pk)
    assert "This image has not been analysed as a whole" in content
    assert reverse("analysis:detail", args=[left.pk]) in content
    assert "The whole picture has not been analysed." in page(ada, "analysis:detail", left.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.QUEUED, Status.FAILED, Status.CANCELLED])
def test_a_region_without_a_result_is_shown_with_its_rectangle_and_asked_for_again_as_such(
    ada: Client, image: Image, status: Status
) -> None:
    content = page(ada, "analysis:detail", in_state(image, status, region=list(LEFT)).pk)
    assert "This is the analysis of a marked region" in content
    if status == Status.CANCELLED:
        assert f'action="{reverse("analysis:region", args=[image.pk])}"' in content
        assert '<input type="hidden" name="height" value="80">' in content
    if status == Status.QUEUED:
        assert 'class="rectangle"' in content


@pytest.mark.django_db
def test_the_demo_record_is_completed_with_analyses_of_whole_pictures(image: Image) -> None:
    in_state(image, Status.SUCCEEDED, region=list(LEFT))
    call_command("load_demo_analyses")
    assert Analysis.objects.get(region=None).image == image
    call_command("load_demo_analyses")
    assert Analysis.objects.count() == 2


def test_what_was_looked_at_is_in_the_result_and_its_edge_is_named() -> None:
    output = tiny.output()
    cut = replace(output.lesion, touches_border=True)
    found = pack(replace(output, frame=LEFT, lesion=cut)).result
    assert found["frame"] == list(LEFT)
    assert pack(output).result["frame"] is None
    outline = Report(Analysis(result=found)).outlines[0]
    assert outline["note"].startswith("Touches the edge of the region")
    assert outline["text"] == "8.3 % of the image"  # 200 of 60×40 pixels


def test_regions_are_named_by_where_they_lie() -> None:
    assert name_of(None, 600, 450) == "Whole picture"
    assert name_of(Region(0, 0, 100, 90), 600, 450) == "Region at the upper left, 100 × 90 pixels"
    assert name_of(Region(250, 180, 100, 90), 600, 450) == "Region at the centre, 100 × 90 pixels"
    assert name_of(Region(500, 360, 100, 90), 600, 450) == "Region at the lower right, 100 × 90 pixels"
    assert name_of(Region(536, 0, 64, 450), 600, 450) == "Region at the right, 64 × 450 pixels"
