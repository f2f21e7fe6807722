"""Finding a patient while typing, the question whether it is somebody else, and consents: with the keyboard, as people do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from patients import services
from patients.models import Patient, Purpose
from tests.browser.test_records import PHONE, log_in
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


def test_the_first_page_finds_a_misspelt_name_while_it_is_typed(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("home"))
    page.get_by_label("Find a patient").press_sequentially("Arhcer")
    page.locator("#quick-found").get_by_role("link", name="Archer, Nell").wait_for()
    assert page.locator("#search-status").inner_text() == "1 found"
    assert page.url.endswith(reverse("home"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Archer, Nell").wait_for()


def test_the_list_follows_the_typing_and_comes_back(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:list"))
    page.get_by_label("Find a patient").press_sequentially("17.05.1970 bel")
    page.get_by_role("heading", name="1 found").wait_for()
    page.get_by_label("Find a patient").fill("")
    page.get_by_role("heading", name="2 patients").wait_for()


def test_a_known_patient_is_not_registered_twice_unawares(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:new"))
    page.get_by_label("Family name").fill("Archer")
    page.get_by_label("Given names").fill("Nel")
    page.get_by_label("Date of birth").fill("1970-05-17")
    page.get_by_label("Sex").select_option("Female")
    page.get_by_label("Record number").fill("N9")
    page.get_by_label("Severe sunburns").check()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Archer, Nell").wait_for()
    page.get_by_label("This is somebody else").check()
    page.get_by_role("button", name="Register patient").press("Enter")
    page.get_by_role("heading", name="Archer, Nel").wait_for()
    assert Patient.objects.get(record_number="N9").risk_factors == ["sunburns"]


def test_a_consent_is_recorded_and_withdrawn(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    page.goto(records.patient.get_absolute_url())
    page.get_by_role("link", name="Record or withdraw consents").press("Enter")
    page.get_by_role("link", name="Record consent").first.press("Enter")
    page.get_by_role("button", name="Record consent").press("Enter")
    page.get_by_text("The consent is on record.").wait_for()
    assert services.has_consented(records.patient, Purpose.CARE)
    page.get_by_role("link", name="Withdraw").first.press("Enter")
    page.get_by_role("button", name="Withdraw the consent").press("Enter")
    page.get_by_text("The consent is withdrawn as of now.").wait_for()
    assert not services.has_consented(records.patient, Purpose.CARE)


def test_none_of_these_pages_is_wider_than_a_phone(page: Page, records: Cast) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    key = [records.patient.pk]
    services.change_patient(actor=records.ada, patient=records.patient, risk_factors=["melanoma_in_family", "many_naevi"], skin_type=1)
    for address in (
        reverse("patients:new"),
        reverse("patients:edit", args=key),
        reverse("patients:detail", args=key),
        reverse("patients:consents", args=key),
        reverse("patients:consent-withdraw", args=[*key, "teleconsultation"]),
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
