"""Sending pictures, measuring on a ruler, comparing two: with mouse, fingers and keyboard."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image as Pil

from patients.models import Image
from tests.browser.test_records import log_in
from tests.cast import Cast
from tests.factories import drawn_pixels, encoded, make_image, png_bytes
from tests.patients.pictures import dicom_bytes

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

PHONE = {"width": 390, "height": 800}


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


def file(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def sharp(seed: int = 1) -> bytes:
    """A spot with a fine pattern on well lit skin."""
    y, x = np.mgrid[:480, :640]
    pixels = drawn_pixels(640, 480, seed).astype(float) + 14 * np.sin(x / 2.5)[..., None] * np.sin(y / 2.5)[..., None]
    return encoded(Pil.fromarray(pixels.clip(0, 255).astype(np.uint8)), "PNG")


def test_a_dermoscopic_and_a_macroscopic_picture_sent_together_are_a_pair(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(records.lesion.get_absolute_url())
    page.get_by_label("Image", exact=True).set_input_files([file("near.png", sharp(1)), file("far.png", sharp(2))])
    page.get_by_text("Sharp and well lit.").nth(1).wait_for()
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("Say of each picture whether it is dermoscopic or macroscopic.").wait_for()
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_label("This picture is (far.png)").select_option("macroscopic")
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("All images are sent. The two are kept as a pair.").wait_for()
    near, far = (Image.objects.get(lesion=records.lesion, width_px=640, modality=kind) for kind in ("dermoscopic", "macroscopic"))
    assert near.paired_with == far
    page.get_by_role("link", name="Show them with the others").click()
    page.get_by_role("group", name="Pictures that belong together").wait_for()


def test_a_dicom_file_says_that_it_cannot_be_shown(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(records.lesion.get_absolute_url())
    page.get_by_label("Image", exact=True).set_input_files([file("a.dcm", dicom_bytes(), "application/dicom")])
    page.get_by_text("A DICOM file: it can be neither shown nor judged before it is sent.").wait_for()
    page.get_by_text("No preview").wait_for()


def test_a_picture_is_pasted(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(records.lesion.get_absolute_url())
    page.evaluate(
        """bytes => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, cancelable: true }));
        }""",
        list(png_bytes()),
    )
    page.get_by_role("button", name="Remove pasted.png").wait_for()


def test_a_ruler_gives_a_picture_its_scale(page: Page, records: Cast) -> None:
    image = make_image(records.lesion, png_bytes(1200, 900), width_px=1200, height_px=900)
    log_in(page, "ada")
    page.goto(reverse("patients:calibrate", args=[image.pk]))
    box = page.locator("[data-stage]").bounding_box()
    assert box
    for share in (0.25, 0.75):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
    page.get_by_text("The points are 600 pixels apart. One pixel would be 0.0167 mm.").wait_for()
    field = page.get_by_label("Second point, from the left")
    field.press("Shift+ArrowDown")
    page.get_by_text("The points are 590 pixels apart.").wait_for()
    page.get_by_role("button", name="Store the scale").press("Enter")
    page.get_by_text("The scale is stored.").wait_for()
    page.get_by_text("measured by Ada").wait_for()
    page.get_by_role("button", name="Analyse again with millimetres").wait_for()
    image.refresh_from_db()
    assert image.pixel_spacing_row_mm == pytest.approx(10 / 590, rel=0.005)


def compared(records: Cast) -> str:
    earlier = make_image(records.lesion, png_bytes(640, 480, seed=1), width_px=640, height_px=480, taken_on=date(2025, 3, 1))
    later = make_image(records.lesion, png_bytes(480, 480, seed=2), width_px=480, height_px=480, taken_on=date(2025, 9, 1))
    return reverse("analysis:compare", args=[later.pk, earlier.pk])


def test_two_pictures_move_together_until_they_are_unlinked(page: Page, records: Cast) -> None:
    log_in(page, "dana")
    page.goto(compared(records))
    shown = page.locator("[data-enlarged]")
    for side in (0, 1):
        shown.nth(side).get_by_text("1.0×").wait_for()
    for enlarged in ("1.1×", "1.2×"):  # OpenSeadragon takes two taps within ten frames for one
        page.get_by_label("Earlier picture").press("+")
        for side in (0, 1):
            shown.nth(side).get_by_text(enlarged).wait_for()
    page.get_by_label("Move both together").uncheck()
    page.get_by_label("Later picture").press("0")
    shown.nth(1).get_by_text("1.0×").wait_for()
    assert shown.nth(0).text_content() == "· 1.2×"
    page.get_by_role("button", name="Whole pictures").click()
    shown.nth(0).get_by_text("1.0×").wait_for()


@pytest.mark.parametrize("path", ["lesion", "calibrate", "compare"])
def test_no_page_of_pictures_is_wider_than_a_phone(page: Page, records: Cast, path: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    address = compared(records)
    image = make_image(records.lesion, modality="macroscopic")
    make_image(records.lesion, paired_with=image)
    addresses = {
        "lesion": records.lesion.get_absolute_url(),
        "calibrate": reverse("patients:calibrate", args=[image.pk]),
        "compare": address,
    }
    page.goto(addresses[path])
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_picture_that_cannot_be_loaded_is_told_and_the_other_is_shown(page: Page, records: Cast) -> None:
    address = compared(records)
    gone = Image.objects.get(taken_on=date(2025, 3, 1))
    log_in(page, "ada")
    path = reverse("patients:image-file", args=[gone.pk, "upright"])
    page.route(f"**{path}", lambda route: route.fulfill(status=200, body=b"not an image", content_type="image/png"))
    page.goto(address)
    page.get_by_text("This picture could not be loaded.").wait_for()
    page.locator("[data-enlarged]").nth(1).get_by_text("1.0×").wait_for()
