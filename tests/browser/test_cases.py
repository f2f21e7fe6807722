"""A question on its way through real pages: drafted, sent, found in the queue; and nothing wider than a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.models import Case, CaseStatus
from tests.browser.test_records import PHONE
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def clinic(transactional_db: None, cast: Cast) -> Cast:
    return cast


def log_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Good to see you").wait_for()


def test_a_referral_is_drafted_and_sent_on_a_phone(page: Page, clinic: Cast) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    page.goto(reverse("patients:refer", args=[clinic.free_lesion.pk]))
    page.get_by_label("Refer to").select_option("Dana")
    page.get_by_label("Bleeds or ulcerates").check()
    page.get_by_label("Question").fill("Excise or wait?")
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_text("The draft is kept.").wait_for()
    page.get_by_role("button", name="Send to the dermatologist").click()
    page.get_by_text("The lesion is referred to Dana.").wait_for()
    case = Case.objects.get(lesion=clinic.free_lesion)
    assert (case.status, case.red_flags, case.question) == (CaseStatus.WAITING, ["bleeding"], "Excise or wait?")


def test_the_queue_tells_of_new_cases_and_keeps_its_rows(page: Page, clinic: Cast) -> None:
    log_in(page, "dana")
    page.clock.install()
    page.goto(reverse("patients:queue"))
    assert page.locator(".case-row").count() == 1
    services.refer_lesion(actor=clinic.ada, lesion=clinic.free_lesion, to=clinic.dana)
    page.clock.fast_forward(21_000)
    page.get_by_role("link", name="1 new case: show it").wait_for()
    assert page.locator(".case-row").count() == 1, "nothing moves under the hand"
    page.get_by_role("link", name="1 new case: show it").click()
    page.locator(".case-row").nth(1).wait_for()


def test_no_page_of_cases_is_wider_than_a_phone(page: Page, clinic: Cast) -> None:
    Case.objects.filter(pk=clinic.case.pk).update(
        due_at=timezone.now() - timedelta(days=3), red_flags=["bleeding", "growing"], checklist_score=5, alert=0.5
    )
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    addresses = {
        "ada": [
            reverse("home"),
            reverse("patients:cases"),
            clinic.case.get_absolute_url(),
            reverse("patients:refer", args=[clinic.free_lesion.pk]),
        ],
        "dana": [reverse("home"), reverse("patients:queue"), clinic.case.get_absolute_url(), reverse("patients:sla")],
    }
    for name, paths in addresses.items():
        log_in(page, name)
        for path in paths:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (name, path)
