"""Two pictures of one lesion: what is told of their difference, and what is not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analysis import services
from analysis.models import Analysis, Status
from patients.models import AuditEntry, Image, Lesion, Practice
from patients.ruler import Ruler
from patients.services import calibrate_image, record_impression
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.analysis.test_visits import STORED
from tests.analysis.tiny import TinyAnalyser
from tests.factories import make_image, make_lesion

pytestmark = pytest.mark.django_db

SPRING, AUTUMN = date(2026, 3, 3), date(2026, 9, 9)
NOT_COMPARED = "was not compared with this earlier one"


def picture(lesion: Lesion, day: date, spacing_mm: float | None = None, **fields: Any) -> Image:
    if spacing_mm:
        scale = {"pixel_spacing_row_mm": spacing_mm, "pixel_spacing_column_mm": spacing_mm, "pixel_spacing_origin": "dicom"}
        fields |= scale
    return make_image(lesion, taken_on=day, **fields)


def analysed(image: Image, **changes: Any) -> Analysis:
    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    analysis.refresh_from_db()
    found = analysis.result or {}
    return with_result(analysis, change=None, **{key: found[key] | value for key, value in changes.items()})


@pytest.fixture
def earlier(lesion: Lesion) -> Image:
    return picture(lesion, SPRING)


@pytest.fixture
def later(lesion: Lesion) -> Image:
    return picture(lesion, AUTUMN)


def compared(client: Client, one: Image, other: Image) -> str:
    return " ".join(page(client, "analysis:compare", one.pk, other.pk).split())


def test_without_any_analysis_the_pictures_are_shown(ada: Client, earlier: Image, later: Image) -> None:
    content = compared(ada, later, earlier)
    assert "The earlier picture has no finished analysis" in content
    assert "The later picture has no finished analysis" in content
    assert content.index("Earlier: 3 March 2026") < content.index("Later: 9 September 2026")
    for image in (earlier, later):
        assert reverse("patients:image-file", args=[image.pk, "upright"]) in content
    assert AuditEntry.objects.latest("id").detail == {"images": [str(earlier.pk), str(later.pk)]}


def test_without_millimetres_no_area_is_compared(ada: Client, earlier: Image, later: Image) -> None:
    analysed(earlier)
    analysed(later, abcd={"border_irregularity": 1.93, "colours": ["dark_brown", "black"]})
    content = compared(ada, earlier, later)
    assert "<td>no scale</td><td>no scale</td><td><strong>not comparable</strong>" in content
    assert "<td>1.43</td><td>1.93</td><td><strong>+0.50</strong>" in content
    assert "<strong>new: black</strong>" in content
    assert content.count("so neither area nor growth can be compared") == 2
    assert NOT_COMPARED in content


def test_with_both_scales_the_area_is_compared(ada: Client, lesion: Lesion) -> None:
    """200 pixels of 0.1 mm are 2 mm², of 0.12 mm 2.88."""
    one, other = picture(lesion, SPRING, 0.1), picture(lesion, AUTUMN, 0.12)
    analysed(one)
    analysed(other)
    content = compared(ada, one, other)
    assert "<td>2.0 mm²</td><td>2.9 mm²</td><td><strong>+44 %</strong>" in content
    assert "neither area nor growth" not in content


def test_a_ruler_laid_on_later_counts_at_once(ada: Client, lesion: Lesion, later: Image) -> None:
    one = picture(lesion, SPRING, 0.05)
    analysed(one)
    analysed(later)
    calibrate_image(actor=lesion.created_by, image=later, ruler=Ruler(0, 0, 100, 0, 10))
    assert "<td>0.5 mm²</td><td>2.0 mm²</td><td><strong>+300 %</strong>" in compared(ada, one, later)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lesion": {"touches_border": True}}, "cut by the frame"),
        ({"lesion": {"failure": "Nothing was found."}}, "no outline"),
        ({"lesion": {"area_px": 0}}, "no outline"),
    ],
)
def test_an_outline_that_says_nothing_is_not_compared(ada: Client, lesion: Lesion, changes: dict[str, Any], words: str) -> None:
    one, other = picture(lesion, SPRING, 0.1), picture(lesion, AUTUMN, 0.1)
    analysed(one)
    analysed(other, **changes)
    assert f"<td>2.0 mm²</td><td>{words}</td><td><strong>not comparable</strong>" in compared(ada, one, other)


def test_a_close_up_and_an_overview_have_no_figures_in_common(ada: Client, lesion: Lesion, earlier: Image) -> None:
    other = picture(lesion, AUTUMN, modality="macroscopic")
    analysed(earlier)
    analysed(other)
    content = compared(ada, earlier, other)
    assert "One picture is dermoscopic and the other macroscopic" in content
    assert "Border irregularity" not in content


def test_what_means_nothing_to_the_models_is_not_compared(ada: Client, earlier: Image, later: Image) -> None:
    analysed(earlier)
    analysed(later, familiarity={"unfamiliar": 0.9, "is_unfamiliar": True})
    assert "The later picture is unlike those the models were validated on" in compared(ada, earlier, later)


def test_other_models_are_told(ada: Client, earlier: Image, later: Image) -> None:
    analysed(earlier)
    used = analysed(later)
    assert "different models" not in compared(ada, earlier, later)
    Analysis.objects.filter(pk=used.pk).update(models_used=[{"sha256": "f" * 64}])
    assert "different models" in compared(ada, earlier, later)


def test_the_earlier_picture_lies_over_the_later_one_where_that_was_done(ada: Client, lesion: Lesion, earlier: Image, later: Image) -> None:
    between = picture(lesion, date(2026, 6, 6))
    for image in (earlier, between):
        analysed(image)
    registered = with_result(analysed(later), change=STORED | {"image": str(between.pk)})
    content = compared(ada, between, later)
    assert "Laid over one another" in content
    assert reverse("analysis:artefact", args=[registered.pk, "earlier"]) in content
    assert "usually are: area, shape" in content
    assert NOT_COMPARED in compared(ada, earlier, later)
    assert NOT_COMPARED in compared(ada, between, earlier)


def test_a_refused_registration_says_why(ada: Client, earlier: Image, later: Image) -> None:
    analysed(earlier)
    refused: dict[str, Any] = {
        "since": "2026-03-03",
        "image": str(earlier.pk),
        "failure": "They show different lesions.",
        "usual": {},
        "change": None,
    }
    with_result(analysed(later), change=refused)
    content = compared(ada, earlier, later)
    assert "Not laid over one another" in content
    assert "They show different lesions." in content


def test_figures_wait_for_ones_own_impression(ada: Client, lesion: Lesion, earlier: Image, later: Image) -> None:
    analysed(earlier)
    with_result(analysed(later), change=STORED | {"image": str(earlier.pk)})
    Practice.objects.update(asks_impression=True)
    for image, name in ((earlier, "earlier"), (later, "later")):
        content = compared(ada, earlier, later)
        assert f"Your impression of the {name} picture" in content
        assert "Border irregularity" not in content
        assert "Laid over one another" not in content
        record_impression(actor=lesion.created_by, image=image, diagnosis="NV", certainty="probable")
    content = compared(ada, earlier, later)
    assert "Border irregularity" in content
    assert "Your impression" not in content


def test_only_two_different_pictures_of_one_lesion_are_compared(ada: Client, lesion: Lesion, earlier: Image, later: Image) -> None:
    elsewhere = make_image(make_lesion(lesion.patient))
    for one, other in ((earlier, elsewhere), (elsewhere, earlier)):
        assert ada.get(reverse("analysis:compare", args=[one.pk, other.pk])).status_code == 404
    assert ada.get(reverse("analysis:compare", args=[later.pk, later.pk])).status_code == 400
    assert not AuditEntry.objects.filter(action="lesion.compare").exists()


def test_two_pictures_are_chosen_on_a_page(ada: Client, lesion: Lesion, earlier: Image, later: Image) -> None:
    path = reverse("analysis:compare-choice", args=[lesion.pk])
    answer = ada.post(path, {"one": earlier.pk, "other": later.pk})
    assert answer.headers["Location"] == reverse("analysis:compare", args=[earlier.pk, later.pk])
    for wrong in ({"one": earlier.pk, "other": earlier.pk}, {"one": "x", "other": later.pk}, {}):
        again = ada.post(path, wrong, follow=True).content.decode()
        assert "pictures to compare." in again
    elsewhere = make_image(make_lesion(lesion.patient))
    assert ada.post(path, {"one": earlier.pk, "other": elsewhere.pk}).status_code == 404


def test_its_cost_does_not_grow_with_the_lesion(ada: Client, lesion: Lesion, earlier: Image, later: Image) -> None:
    analysed(earlier)
    analysed(later)
    with CaptureQueriesContext(connection) as before:
        compared(ada, earlier, later)
    for _ in range(3):
        analysed(make_image(lesion))
    with CaptureQueriesContext(connection) as after:
        compared(ada, earlier, later)
    assert len(after) == len(before)
    assert len(after) <= 20
