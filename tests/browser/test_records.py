"""A GP's way through the records, with the keyboard where it matters, and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from patients.models import Image, Lesion, Patient
from tests.cast import Cast
from tests.factories import drawn_pixels, encoded, jpeg_bytes, png_bytes

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


def log_in(page: Page, name: str) -> None:
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(name)
    page.keyboard.press("Enter")
    page.locator(".account-menu").wait_for()


def test_from_search_to_a_new_lesion_without_a_mouse(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.get_by_label("Find a patient").fill("archer")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Archer, Nell").press("Enter")
    page.get_by_role("link", name="New lesion").press("Enter")
    page.get_by_label("Search the body sites").fill("para cheek")
    page.get_by_label("Side", exact=True).select_option("Left")
    page.get_by_role("button", name="Add lesion").press("Enter")
    page.get_by_role("heading", name="Lesion 3: Left paranasal cheek").wait_for()
    assert Lesion.objects.get(patient=records.patient, number=3).site_meaning == "Skin of paranasal cheek"


def test_a_patient_is_registered_on_a_phone(page: Page, records: Cast) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "cleo")
    page.goto(reverse("patients:new"))
    page.get_by_label("Family name").fill("Dale")
    page.get_by_label("Given names").fill("Rue")
    page.get_by_label("Date of birth").fill("1980-02-03")
    page.get_by_label("Sex").select_option("Female")
    page.get_by_label("Record number").fill("S9")
    page.get_by_role("button", name="Register patient").click()
    page.get_by_role("heading", name="Dale, Rue").wait_for()
    assert Patient.objects.get(record_number="S9").practice == records.south


@pytest.mark.parametrize("path", ["home", "list", "patient", "lesion", "refer"])
def test_no_page_is_wider_than_a_phone(page: Page, records: Cast, path: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    addresses = {
        "home": reverse("home"),
        "list": reverse("patients:list"),
        "patient": records.patient.get_absolute_url(),
        "lesion": records.lesion.get_absolute_url(),
        "refer": reverse("patients:refer", args=[records.lesion.pk]),
    }
    page.goto(addresses[path])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_several_images_are_seen_before_they_are_sent_each_with_its_answer(page: Page, records: Cast) -> None:
    from PIL import Image as Pil

    log_in(page, "ada")
    page.goto(records.lesion.get_absolute_url())
    before = Image.objects.count()
    sent = {
        "first.jpg": jpeg_bytes(seed=1),
        "second.png": png_bytes(seed=2),
        "third.jpg": encoded(Pil.fromarray(drawn_pixels(seed=3)), "JPEG"),
    }
    files: list[FilePayload] = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in sent.items()]
    page.get_by_label("Image", exact=True).set_input_files(files)
    assert page.get_by_role("button", name="Remove ").count() == 3
    page.get_by_role("button", name="Remove second.png").click()
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_role("button", name="Upload and analyse").click()
    page.get_by_text("All images are sent.").wait_for()
    assert page.get_by_role("link", name="Open the result").count() == 2
    assert Image.objects.count() == before + 2
