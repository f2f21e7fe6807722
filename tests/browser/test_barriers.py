"""No page of the three roles has a barrier that axe finds and calls serious or critical, on a desk or on a phone, or is wider than it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from patients.models import User
from tests.browser.busy import Busy
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
AXE = (settings.BASE_DIR / "static/vendor/axe/axe.min.js").read_text()
RUN = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
    .filter(fault => ["serious", "critical"].includes(fault.impact))
    .map(fault => `${fault.id}: ${fault.nodes.map(node => node.html).slice(0, 3).join(" ")}`)"""

Pages = dict[str, Callable[[Busy], str]]

OF_ADA: Pages = {
    "home": lambda _: reverse("home"),
    "patients": lambda _: reverse("patients:list"),
    "new patient": lambda _: reverse("patients:new"),
    "patient": lambda busy: busy.cast.patient.get_absolute_url(),
    "consents": lambda busy: reverse("patients:consents", args=[busy.cast.patient.pk]),
    "withdraw": lambda busy: reverse("patients:consent-withdraw", args=[busy.cast.patient.pk, "care"]),
    "access list": lambda busy: reverse("patients:access-list", args=[busy.cast.patient.pk]),
}
LESIONS_OF_ADA: Pages = {
    "new lesion": lambda busy: reverse("patients:lesion-new", args=[busy.cast.patient.pk]),
    "lesion": lambda busy: busy.cast.lesion.get_absolute_url(),
    "checklist": lambda busy: reverse("patients:checklist", args=[busy.cast.lesion.pk]),
    "side by side": lambda busy: reverse("analysis:side-by-side", args=[busy.cast.patient.pk]),
    "comparison": lambda busy: reverse("analysis:compare", args=[busy.later.pk, busy.cast.image.pk]),
    "calibrate": lambda busy: reverse("patients:calibrate", args=[busy.later.pk]),
    "measured dermatoscope": lambda busy: reverse("patients:calibrate", args=[busy.cast.free_image.pk]),
    "picture beside a dermatoscope": lambda busy: reverse("patients:calibrate", args=[busy.cast.image.pk]),
    "dermatoscopes": lambda _: reverse("patients:dermatoscopes"),
    "result": lambda busy: reverse("analysis:latest", args=[busy.cast.image.pk]),
}
CASES_OF_ADA: Pages = {
    "refer": lambda busy: reverse("patients:refer", args=[busy.cast.free_lesion.pk]),
    "draft": lambda busy: reverse("patients:case-edit", args=[busy.draft.pk]),
    "cases": lambda _: reverse("patients:cases"),
    "answered case": lambda busy: busy.cast.case.get_absolute_url(),
    "case with a question": lambda busy: busy.asked.get_absolute_url(),
    "histology": lambda busy: reverse("patients:histology", args=[busy.cast.lesion.pk]),
    "notifications": lambda _: reverse("patients:notifications"),
    "preferences": lambda _: reverse("patients:preferences"),
}
OF_DANA: Pages = {
    "home": lambda _: reverse("home"),
    "queue": lambda _: reverse("patients:queue"),
    "answer times": lambda _: reverse("patients:sla"),
    "case": lambda busy: busy.cast.case.get_absolute_url(),
    "review": lambda busy: reverse("patients:review", args=[busy.claimed.pk]),
    "signed": lambda busy: reverse("patients:review", args=[busy.cast.case.pk]),
    "ask": lambda busy: reverse("patients:review-ask", args=[busy.claimed.pk]),
    "second opinion": lambda busy: reverse("patients:review-second-opinion", args=[busy.cast.case.pk]),
    "text blocks": lambda _: reverse("patients:text-blocks"),
}
OF_EMIL: Pages = {
    "home": lambda _: reverse("home"),
    "queue": lambda _: reverse("patients:queue"),
    "blinded review": lambda busy: reverse("patients:review", args=[busy.cast.case.pk]),
}
OF_INES: Pages = {
    "home": lambda _: reverse("home"),
    "people": lambda _: reverse("patients:people"),
    "person": lambda busy: reverse("patients:person", args=[busy.cast.dana.public_id]),
    "switching off": lambda busy: reverse("patients:person-act", args=[busy.cast.dana.public_id, "deactivate"]),
    "invitations": lambda _: reverse("patients:invitations"),
    "invite": lambda _: reverse("patients:invite"),
    "practices": lambda _: reverse("patients:practices"),
    "practice": lambda busy: reverse("patients:practice", args=[busy.cast.north.public_id]),
    "pools": lambda _: reverse("patients:pools"),
    "pool": lambda busy: reverse("patients:pool", args=[busy.cast.pool.public_id]),
    "second factor": lambda _: reverse("patients:policies"),
    "answer times": lambda _: reverse("patients:sla"),
    "open a record": lambda _: reverse("patients:break-glass"),
    "opened record": lambda busy: busy.cast.patient.get_absolute_url(),
    "access list": lambda busy: reverse("patients:access-list", args=[busy.cast.patient.pk]),
}
GROUPS = {
    "the record": ("ada", OF_ADA),
    "the lesion": ("ada", LESIONS_OF_ADA),
    "cases of a practice": ("ada", CASES_OF_ADA),
    "the reader": ("dana", OF_DANA),
    "the second reader": ("emil", OF_EMIL),
    "administration": ("ines", OF_INES),
}


@pytest.fixture
def busy(transactional_db: None, cast: Cast) -> Busy:
    return Busy(cast)


def enter(page: Page, person: User, url: str) -> None:
    """Logged in without the form, which test_accounts fills in."""
    client = Client()
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": url}])


def barriers(page: Page) -> list[str]:
    found: list[str] = page.evaluate(RUN)
    if not page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
        found.append("wider than the screen")
    return found


def barriers_of(page: Page, address: str) -> list[str]:
    page.set_viewport_size(DESK)
    page.goto(address)
    page.evaluate("document.fonts.ready")
    page.evaluate(AXE)
    on_desk = barriers(page)
    page.set_viewport_size(PHONE)
    return on_desk + [f"on a phone: {fault}" for fault in barriers(page)]


@pytest.mark.parametrize("group", GROUPS)
def test_no_page_has_a_barrier(page: Page, busy: Busy, live_server: LiveServer, group: str) -> None:
    who, pages = GROUPS[group]
    enter(page, busy.cast.people[who], live_server.url)
    found = {name: barriers_of(page, address(busy)) for name, address in pages.items()}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_step_of_signing_has_no_barrier(page: Page, busy: Busy, live_server: LiveServer) -> None:
    enter(page, busy.cast.dana, live_server.url)
    page.goto(reverse("patients:review", args=[busy.claimed.pk]))
    page.get_by_label("Diagnosis", exact=True).select_option("NV")
    page.get_by_label("Certainty").select_option("certain")
    page.get_by_label("Management").select_option("reassure")
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("heading", name="This is what you sign").wait_for()
    page.evaluate(AXE)
    assert barriers(page) == []
