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
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis import inference, selectors, services, visits
from analysis.models import Analysis, Kind, Status
from analysis.presentation.report import Report
from analysis.presentation.since import since
from analysis.vision import imaging
from analysis.vision.types import Mask, Outline, Output, Region, RgbImage
from patients.models import Image, Lesion
from tests.analysis import tiny
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.factories import make_image, make_lesion
from tests.vision.visits import mole, seen_again, similarity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier picture is outlined by what is darker than skin."""

    def outlined(image: RgbImage) -> tuple[Mask, float | None]:
        inside = cv2.morphologyEx((image[..., 2] < 110).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)) > 0
        return np.asarray(inside), 1.43

    monkeypatch.setattr(inference, "outlined", outlined)


SPRING, SUMMER, AUTUMN = date(2026, 3, 3), date(2026, 6, 6), date(2026, 9, 9)


@dataclass
class Analyser:
    """Outlines what it is told to."""

    mask: Mask

    def __call__(
        self, data: bytes, *, region: Region | None, pixel_spacing_mm: tuple[float, float] | None, on_stage: Callable[[str], None]
    ) -> Output:
        assert data
        assert region is None or region.width
        on_stage("lesion")
        outline = Outline(self.mask, np.zeros((0, 2), np.float32), int(self.mask.sum()), touches_border=False)
        return replace(tiny.output(pixel_spacing_mm), lesion=outline, level_set=outline, width_px=256, height_px=256)


def visit(lesion: Lesion, picture: RgbImage, mask: Mask, day: date, region: Region | None = None, **fields: Any) -> Analysis:
    """A picture of that day, analysed; or a region of it."""
    image = make_image(lesion, imaging.encode_png(picture), taken_on=day, **fields)
    analysis = in_state(image, Status.QUEUED, region=region and list(region))
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
    assert np.array(stored["matrix"])[:, :2] == pytest.approx(np.linalg.inv(similarity(1.1, 30.0, (5, -5))[:, :2]), abs=0.03)
    with second.artefacts.get(kind=Kind.EARLIER).file.open("rb") as file:
        earlier = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert earlier is not None
    assert earlier.shape == (256, 256, 4)
    content = page(ada, "analysis:detail", second.pk)
    assert "Since 3 March 2026" in content
    assert "In what can be compared no more different than two pictures of an unchanged lesion usually are" in content
    assert "The picture of 3 March 2026." in content
    assert "Growth cannot be told" in content
    answer = ada.get(reverse("analysis:artefact", args=[second.pk, Kind.CHANGE]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    answer.close()


def test_a_marked_region_is_not_compared(lesion: Lesion) -> None:
    """Which lesion of the earlier picture it is nobody has said."""
    visit(lesion, *mole(1), SPRING)
    second = visit(lesion, *later(*mole(1)), SUMMER, Region(10, 10, 200, 200))
    assert "change" not in (second.result or {})
    assert not second.artefacts.filter(kind__in=(Kind.EARLIER, Kind.CHANGE)).exists()


def test_a_picture_of_another_lesion_is_not_compared_and_says_so(lesion: Lesion, ada: Client) -> None:
    visit(lesion, *mole(1), SPRING)
    second = visit(lesion, *mole(11), SUMMER)
    assert not second.artefacts.filter(kind__in=(Kind.EARLIER, Kind.CHANGE)).exists()
    content = page(ada, "analysis:detail", second.pk)
    assert "No comparison with the picture of that day: The two pictures could not be laid over one another" in content
    assert "Change of colour" not in content


def test_the_last_visit_before_is_meant_not_the_last_upload(lesion: Lesion) -> None:
    """Pictures of the same day, of another kind, of another lesion do not count; of several of one day the newest does."""
    spring = make_image(lesion, taken_on=SPRING)
    summer = [make_image(lesion, taken_on=SUMMER) for _ in range(3)][-1]
    same_day, today = make_image(lesion, taken_on=AUTUMN), make_image(lesion, taken_on=AUTUMN)
    make_image(lesion, taken_on=date(2026, 7, 1), modality="macroscopic")
    make_image(make_lesion(lesion.patient), taken_on=date(2026, 7, 2))
    assert selectors.picture_of_last_visit(today) == selectors.picture_of_last_visit(same_day) == summer
    assert selectors.picture_of_last_visit(summer) == spring
    assert selectors.picture_of_last_visit(spring) is None


def test_where_no_day_is_stated_the_upload_counts(lesion: Lesion) -> None:
    spring, unstated = make_image(lesion, taken_on=SPRING), make_image(lesion)
    assert unstated.day == timezone.localdate(unstated.uploaded_at)
    assert selectors.picture_of_last_visit(unstated) == spring


def test_it_is_named_which_picture_was_compared_with(lesion: Lesion) -> None:
    first = visit(lesion, *mole(1), SPRING)
    second = visit(lesion, *later(*mole(1)), SUMMER)
    assert (second.result or {})["change"]["image"] == str(first.image_id)
    assert second.timings_ms["comparison"] > 0


@pytest.mark.parametrize("fault", [ValueError, OSError, cv2.error])
def test_whatever_goes_wrong_with_the_earlier_picture_does_not_cost_the_result(
    fault: type[Exception], lesion: Lesion, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(lesion, *mole(1), SPRING)

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(inference, "compare", fail)
    second = visit(lesion, *later(*mole(1)), SUMMER)
    assert "No comparison with the picture of that day: It cannot be read any more." in page(ada, "analysis:detail", second.pk)


def test_a_vanished_earlier_picture_is_told(lesion: Lesion, caplog: pytest.LogCaptureFixture) -> None:
    first = visit(lesion, *mole(1), SPRING)
    default_storage.delete(str(first.image.upright))
    second = visit(lesion, *later(*mole(1)), SUMMER)
    assert (second.result or {})["change"]["failure"] == visits.UNREADABLE
    assert "cannot be compared with" in caplog.text


def test_a_lost_database_is_no_fault_of_the_picture(lesion: Lesion, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease runs out then, and the analysis is done again."""
    visit(lesion, *mole(1), SPRING)

    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(inference, "compare", fail)
    picture, mask = mole(1)
    with pytest.raises(OperationalError):
        visit(lesion, picture, mask, SUMMER, sha256="2" * 64)


def test_without_an_outline_nothing_is_read(lesion: Lesion) -> None:
    make_image(lesion, taken_on=SPRING)
    picture, mask = mole(1)
    output = Analyser(np.zeros_like(mask))(b"any", region=None, pixel_spacing_mm=None, on_stage=lambda _: None)
    assert visits.compare_with_last(make_image(lesion, taken_on=SUMMER), imaging.encode_png(picture), output) is None


def test_of_an_image_unlike_the_validated_ones_no_change_is_told(finished: Analysis, ada: Client) -> None:
    unlike = {"unfamiliar": 0.9, "is_unfamiliar": True}
    content = page(ada, "analysis:detail", with_result(finished, change=STORED, familiarity=unlike).pk)
    assert "Since 3 March 2026" not in content
    assert "Change of colour" not in content


STORED: dict[str, Any] = {
    "since": "2026-03-03",
    "failure": None,
    "usual": {"area": 0.25, "outline": 0.27, "border": 0.23, "colour": 10.6, "spot": 20.0},
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
        ("Area", "+44 %", "−20 % to +25 %", True),
        ("Shape", "31 % not shared", "up to 27 %", True),
        ("Border irregularity", "-0.10", "up to 0.23", False),
        ("Colour", "not comparable", "up to 10.6", False),
    ]
    content = page(ada, "analysis:detail", with_result(finished, change=STORED).pk)
    assert "usually are: area, shape" in content


def test_no_difference_has_no_sign() -> None:
    found = since(STORED | {"change": STORED["change"] | {"border_difference": -0.001}})
    assert found.rows[2].value == "+0.00"


def test_an_area_that_cannot_be_compared_says_why() -> None:
    found = since(STORED | {"change": STORED["change"] | {"area_ratio": None}})
    assert found.rows[0].value == "not comparable: no scale, or cut by the frame"
    assert (since(STORED).tells_growth, found.tells_growth) == (True, False)


def test_a_picture_is_of_the_day_it_was_taken(image: Image) -> None:
    image.taken_on = SPRING
    assert image.day == SPRING
