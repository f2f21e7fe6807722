"""From a ruler in one picture to the millimetres of the next, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from patients import services
from patients.models import Image
from patients.ruler import Ruler
from tests.browser.test_images import file, records, sharp  # noqa: F401
from tests.browser.test_records import log_in
from tests.cast import Cast
from tests.factories import make_dermatoscope, make_image, png_bytes

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_measured_dermatoscope_gives_the_next_picture_its_scale(page: Page, records: Cast) -> None:  # noqa: F811
    image = make_image(records.lesion, png_bytes(1200, 900), width_px=1200, height_px=900)
    services.calibrate_image(actor=records.ada, image=image, ruler=Ruler(100, 450, 700, 450, 10))
    log_in(page, "ada")
    page.goto(reverse("patients:calibrate", args=[image.pk]))
    page.get_by_label("Name").fill("DermLite")
    page.get_by_role("button", name="Keep the dermatoscope").press("Enter")
    page.get_by_text("It is kept as “DermLite”.").wait_for()
    page.goto(records.lesion.get_absolute_url())
    page.get_by_label("Image", exact=True).set_input_files([file("whole.png", sharp(1)), file("far.png", sharp(2))])
    page.get_by_label("This picture is (whole.png)").select_option("dermoscopic")
    page.get_by_label("This picture is (far.png)").select_option("macroscopic")
    page.get_by_label("Dermatoscope").select_option("DermLite")
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("All images are sent.").wait_for()
    near, far = (Image.objects.get(lesion=records.lesion, width_px=640, modality=kind) for kind in ("dermoscopic", "macroscopic"))
    assert near.pixel_spacing_row_mm == pytest.approx(20 / 640)
    assert far.pixel_spacing_mm is None


def test_a_cropped_picture_is_stored_and_the_reason_stays_in_sight(page: Page, records: Cast) -> None:  # noqa: F811
    make_dermatoscope(records.image)
    log_in(page, "ada")
    page.goto(records.lesion.get_absolute_url())
    page.get_by_label("Image", exact=True).set_input_files([file("cropped.png", png_bytes(640, 400))])
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_label("Dermatoscope").select_option("Lens")
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("The picture is stored, without the scale of “Lens”. This picture was cropped").wait_for()
    page.get_by_role("link", name="Open the result").wait_for()
    assert Image.objects.get(lesion=records.lesion, width_px=640).pixel_spacing_mm is None
