"""A ruler gives a picture its scale; the device's own is never replaced, and nothing implausible is believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse

from patients import services
from patients.models import AuditEntry, Calibration, Image
from patients.ruler import Ruler
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_image

RULER = Ruler(10, 20, 110, 20, length_mm=5)
"""100 pixels of a picture of 160 × 120: 0.05 mm each."""


def state() -> tuple[int, int, list[object]]:
    return Calibration.objects.count(), AuditEntry.objects.count(), list(Image.objects.order_by("pk").values_list("pixel_spacing_row_mm"))


def test_two_points_and_their_distance_are_the_scale(cast: Cast) -> None:
    measured = services.calibrate_image(actor=cast.dana, image=cast.image, ruler=RULER)
    cast.image.refresh_from_db()
    assert cast.image.pixel_spacing_mm == (0.05, 0.05)
    assert cast.image.pixel_spacing_origin == "ruler"
    assert (measured.by, measured.length_mm, measured.to_x_px) == (cast.dana, 5, 110)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.detail, entry.patient) == ("image.calibrate", {"calibration": str(measured.pk)}, cast.patient)


def test_the_newest_measurement_counts_and_the_others_are_kept(cast: Cast) -> None:
    services.calibrate_image(actor=cast.ada, image=cast.image, ruler=RULER)
    services.calibrate_image(actor=cast.ben, image=cast.image, ruler=replace(RULER, length_mm=10))
    cast.image.refresh_from_db()
    assert cast.image.pixel_spacing_mm == (0.1, 0.1)
    assert [measured.by for measured in cast.image.calibrations.all()] == [cast.ben, cast.ada]
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Calibration.objects.update(length_mm=1)


def test_a_slanting_ruler_is_measured_along_itself() -> None:
    assert Ruler(0, 0, 30, 40, length_mm=10).spacing_mm == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ruler", "code"),
    [
        (replace(RULER, to_x_px=161), "calibration_outside"),
        (replace(RULER, from_y_px=-1), "calibration_outside"),
        (replace(RULER, to_x_px=35), "calibration_too_close"),
        (replace(RULER, to_x_px=10), "calibration_too_close"),
        (replace(RULER, length_mm=0.5), "calibration_length"),
        (replace(RULER, length_mm=0), "calibration_length"),
        (replace(RULER, length_mm=-5), "calibration_length"),
        (replace(RULER, length_mm=301), "calibration_length"),
        (replace(RULER, length_mm=150), "calibration_implausible"),
        (replace(RULER, length_mm=float("nan")), "calibration_numbers"),
        (replace(RULER, to_y_px=float("inf")), "calibration_numbers"),
    ],
)
def test_what_cannot_be_a_ruler_is_refused_and_changes_nothing(cast: Cast, ruler: Ruler, code: str) -> None:
    before = state()
    with pytest.raises(ClinicError) as refused:
        services.calibrate_image(actor=cast.ada, image=cast.image, ruler=ruler)
    assert (refused.value.code, state()) == (code, before)


def test_in_a_large_picture_the_points_must_lie_further_apart(cast: Cast) -> None:
    image = make_image(cast.lesion, width_px=4000, height_px=3000)
    with pytest.raises(ClinicError, match="at least 200 pixels apart"):
        services.calibrate_image(actor=cast.ada, image=image, ruler=RULER)


def test_a_pixel_below_what_light_can_show_is_refused(cast: Cast) -> None:
    image = make_image(cast.lesion, width_px=8000, height_px=3000)
    with pytest.raises(ClinicError, match=r"0\.00014 mm"):
        services.calibrate_image(actor=cast.ada, image=image, ruler=Ruler(0, 0, 7000, 0, 1))


def test_the_scale_of_a_device_is_never_replaced(cast: Cast, client: Client) -> None:
    scale: dict[str, Any] = {"pixel_spacing_row_mm": 0.02, "pixel_spacing_column_mm": 0.02, "pixel_spacing_origin": "dicom"}
    image = make_image(cast.lesion, **scale)
    before = state()
    with pytest.raises(ClinicError, match="A ruler does not replace it") as refused:
        services.calibrate_image(actor=cast.ada, image=image, ruler=RULER)
    assert (refused.value.http_status, state()) == (409, before)
    client.force_login(cast.ada)
    page = client.get(reverse("patients:calibrate", args=[image.pk])).content.decode()
    assert "carries the scale of the device" in page
    assert "Store the scale" not in page


@pytest.mark.parametrize(("name", "error"), [("cleo", Http404), ("emil", Http404), ("ines", ClinicError), ("theo", ClinicError)])
def test_who_may_not_see_or_treat_measures_nothing(cast: Cast, name: str, error: type[Exception]) -> None:
    before = state()
    with pytest.raises(error):
        services.calibrate_image(actor=cast.people[name], image=cast.image, ruler=RULER)
    assert state() == before


def test_the_page_tells_who_measured_and_what_is_wrong(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    path = reverse("patients:calibrate", args=[cast.image.pk])
    sent = {"from_x_px": "10", "from_y_px": "20", "to_x_px": "110.5", "to_y_px": "20", "length_mm": "10"}
    assert "Nobody has measured" in client.get(path).content.decode()
    refused = client.post(path, sent | {"to_x_px": "500"})
    assert refused.status_code == 400
    assert "Both points must lie inside the picture, which is 160 × 120 pixels." in refused.content.decode()
    assert client.post(path, sent | {"length_mm": "NaN"}).status_code == 400
    assert not Calibration.objects.exists()
    page = client.post(path, sent, follow=True).content.decode()
    assert "measured by Dana" in page
    assert "Analyse again with millimetres" in page
    assert "0.0995 mm" in page
