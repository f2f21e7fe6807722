"""The list of who has seen a record, as it is read on a phone, printed and handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patients import audit, services
from tests.browser.test_records import PHONE, log_in
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint about a letter of the 3rd of May")
    audit.record(actor=cast.dana, action="lesion.read", obj=cast.lesion)
    for _ in range(3):
        audit.record(actor=cast.dana, action="image.read", obj=cast.image, detail={"variant": "display"})
    for number in range(60):
        audit.record(actor=[cast.ben, cast.ada][number % 2], action="patient.read", obj=cast.patient)
    return cast


def test_from_the_patient_to_the_list_on_a_phone_and_on_paper(page: Page, records: Cast) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    page.goto(records.patient.get_absolute_url())
    page.get_by_role("link", name="Who has seen this record").click()
    page.get_by_role("button", name="Print").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("link", name="Older").click()
    row = page.get_by_role("row").filter(has_text="opened the record with a recorded reason")
    assert "Complaint about a letter of the 3rd of May" in row.inner_text()
    assert "3 times" in page.get_by_role("row").filter(has_text="Dana").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "access-list.csv"
    page.get_by_role("link", name="Everything on one page").click()
    page.emulate_media(media="print")
    hidden = [page.get_by_role("link", name="Download as CSV"), page.get_by_role("navigation", name="Breadcrumb"), page.locator("footer")]
    assert not any(part.is_visible() for part in hidden)
    assert page.get_by_role("heading", name="Archer, Nell").is_visible()
