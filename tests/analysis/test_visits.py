"""A later picture is compared with that of the visit before; what cannot be compared costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from analysis import selectors, services, visits
from analysis.models import Analysis, Kind, Status
from analysis.presentation.report import Report
from analysis.presentation.since import since
from analysis.vision import imaging
from analysis.vision.types import Mask, Outline, Output, RgbImage
from patients.models import Image, Lesion
from tests.analysis import tiny
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.factories import make_image, make_lesion
from tests.vision.visits import mole, seen_again, similarity

pytestmark = pytest.mark.django_db
SPRING, SUMMER, AUTUMN = date(2026, 3, 3), date(2026, 6, 6), date(2026, 9, 9)


@dataclass
class Analyser:
    """Outlines what it is told to."""

    mask: Mask

    def __call__(self, data: bytes, *, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]) -> Output:
        assert data
        on_stage("lesion")
        outline = Outline(self.mask, np.zeros((0, 2), np.float32), int(self.mask.sum()), touches_border=False)
        return replace(tiny.output(pixel_spacing_mm), lesion=outline, level_set=outline, width_px=256, height_px=256)


def visit(lesion: Lesion, picture: RgbImage, mask: Mask, day: date, **fields: Any) -> Analysis:
    """A picture of that day, analysed."""
    image = make_image(lesion, imaging.encode_png(picture), taken_on=day, **fields)
    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=Analyser(mask))
    analysis.refresh_from_db()
    assert analysis.status == Status.SUCCEEDED
    return analysis


def later(picture: RgbImage, mask: Mask) -> tuple[RgbImage, Mask]:
    return seen_again(picture, mask, similarity(1.1, 30.0, (5, -5)))


def test_a_first_visit_is_compared_with_nothing(lesion: Lesion) -> None:
    first = visit(lesion, *mole(1), SPRING)
    assert "change" not in (first.result or {})
    assert not first.artefacts.filter(kind__in=(Kind.EARLIER, Kind.CHANGE)).exists()
    assert Report(first).since is None


def test_a_second_visit_is_compared_with_the_first(lesion: Lesion, ada: Client) -> None:
    visit(lesion, *mole(1), SPRING)
    second = visit(lesion, *later(*mole(1)), SUMMER)
    stored = (second.result or {})["change"]
    assert (stored["since"], stored["failure"]) == ("2026-03-03", None)
    assert stored["change"]["outline_difference"] < 0.1
    assert "heat" not in stored["change"], "arrays are files"
    with second.artefacts.get(kind=Kind.EARLIER).file.open("rb") as file:
        earlier = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert earlier is not None
    assert earlier.shape == (256, 256, 4)
    content = page(ada, "analysis:detail", second.pk)
    assert "Since 3 March 2026" in content
    assert "No more different than two pictures of an unchanged lesion usually are" in content
    assert "The picture of 3 March 2026." in content
    assert "Growth cannot be told" in content
    answer = ada.get(reverse("analysis:artefact", args=[second.pk, Kind.CHANGE]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    answer.close()


def test_a_picture_of_another_lesion_is_not_compared_and_says_so(lesion: Lesion, ada: Client) -> None:
    visit(lesion, *mole(1), SPRING)
    second = visit(lesion, *mole(11), SUMMER)
    assert not second.artefacts.filter(kind__in=(Kind.EARLIER, Kind.CHANGE)).exists()
    content = page(ada, "analysis:detail", second.pk)
    assert "No comparison with the picture of that day: The two pictures could not be laid over one another" in content
    assert "Change of colour" not in content


def test_the_last_visit_before_is_meant_not_the_last_upload(lesion: Lesion) -> None:
    """Pictures of the same day, of another kind, of another lesion, without an outline or a result do not count."""
    spring = visit(lesion, *mole(1), SPRING)
    summer = visit(lesion, *mole(1), SUMMER, size_bytes=7, sha256="1" * 64)
    visit(lesion, *mole(2), AUTUMN)
    visit(lesion, *mole(3), date(2026, 7, 1), modality="macroscopic")
    visit(make_lesion(lesion.patient), *mole(4), date(2026, 7, 2))
    picture, mask = mole(5)
    visit(lesion, picture, np.zeros_like(mask), date(2026, 7, 3))
    in_state(make_image(lesion, taken_on=date(2026, 7, 4)), Status.FAILED)
    today = make_image(lesion, taken_on=AUTUMN)
    assert selectors.analysis_of_last_visit(today) == summer
    assert selectors.analysis_of_last_visit(summer.image) == spring
    assert selectors.analysis_of_last_visit(spring.image) is None


def test_where_no_day_is_stated_the_upload_counts(lesion: Lesion) -> None:
    spring = visit(lesion, *mole(1), SPRING)
    unstated = make_image(lesion)
    assert unstated.day == date.today()  # noqa: DTZ011  (as the clinic's clock has it)
    assert selectors.analysis_of_last_visit(unstated) == spring


def test_a_vanished_earlier_picture_does_not_cost_the_result(lesion: Lesion, caplog: pytest.LogCaptureFixture) -> None:
    first = visit(lesion, *mole(1), SPRING)
    default_storage.delete(str(first.image.upright))
    second = visit(lesion, *later(*mole(1)), SUMMER)
    assert "change" not in (second.result or {})
    assert "cannot be compared" in caplog.text


def test_a_damaged_outline_does_not_cost_the_result(lesion: Lesion) -> None:
    first = visit(lesion, *mole(1), SPRING)
    with default_storage.open(str(first.artefacts.get(kind=Kind.LESION).file), "wb") as file:
        file.write(b"no picture")
    assert "change" not in (visit(lesion, *later(*mole(1)), SUMMER).result or {})


def test_without_an_outline_nothing_is_read(lesion: Lesion) -> None:
    visit(lesion, *mole(1), SPRING)
    picture, mask = mole(1)
    image = make_image(lesion, taken_on=SUMMER)
    output = Analyser(np.zeros_like(mask))(b"any", pixel_spacing_mm=None, on_stage=lambda _: None)
    assert visits.compare_with_last(image, imaging.encode_png(picture), output) is None


STORED: dict[str, Any] = {
    "since": "2026-03-03",
    "failure": None,
    "usual": {"area": 0.25, "outline": 0.27, "border": 0.23, "colour": 10.6},
    "change": {
        "area_ratio": 1.44,
        "outline_difference": 0.31,
        "border_difference": -0.1,
        "colour_difference": None,
        "beyond_noise": {"area": True, "outline": True, "border": False, "colour": None},
    },
}


def test_change_is_told_in_figures_beside_what_is_usual(finished: Analysis, ada: Client) -> None:
    found = since(STORED)
    assert [(row.name, row.value, row.usual, row.is_beyond) for row in found.rows] == [
        ("Area", "+44 %", "up to 25 %", True),
        ("Outline", "31 % not shared", "up to 27 %", True),
        ("Border irregularity", "-0.10", "up to 0.23", False),
        ("Colour", "not comparable", "up to 10.6", False),
    ]
    content = page(ada, "analysis:detail", with_result(finished, change=STORED).pk)
    assert "usually differ: area, outline" in content


def test_an_area_that_cannot_be_compared_says_why() -> None:
    found = since(STORED | {"change": STORED["change"] | {"area_ratio": None}})
    assert found.rows[0].value == "not comparable: no scale, or cut by the frame"
    assert (since(STORED).tells_growth, found.tells_growth) == (True, False)


def test_a_picture_is_of_the_day_it_was_taken(image: Image) -> None:
    image.taken_on = SPRING
    assert image.day == SPRING
