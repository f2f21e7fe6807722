"""The head of every page: one row from a small phone to a desk, whatever somebody is called, and a menu that needs no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from patients.models import Notification, User
from tests.browser.test_barriers import enter
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS_PX = (360, 390, 430, 767, 768, 1280)
LONG_NAME = "Professor Doctor Wilhelmina Featherstonehaugh-Oyelaran"
HEIGHT_PX = 60
ROW = """() => {
  const shown = [...document.querySelectorAll(".site-nav > *")].filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect())
  const fits = (one, next) => one.right <= next.left + 1
  return {
    low: document.querySelector(".site-header").offsetHeight <= HEIGHT_PX,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    apart: shown.sort((one, other) => one.left - other.left).every((one, at) => at + 1 === shown.length || fits(one, shown[at + 1])),
  }
}""".replace("HEIGHT_PX", str(HEIGHT_PX))
TARGETS = """() => [...document.querySelectorAll(".site-nav button, .site-nav a, .site-nav summary")]
  .filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect())
  .filter(box => box.width < 24 || box.height < 24).length"""


@pytest.fixture
def clinic(transactional_db: None, cast: Cast) -> Cast:
    for person in cast.people.values():
        Notification.objects.bulk_create(Notification(to=person, kind="case_sent", case=cast.case) for _ in range(100))
    return cast


def rows(page: Page) -> dict[int, object]:
    found = {}
    for width in WIDTHS_PX:
        page.set_viewport_size({"width": width, "height": 740})
        page.goto(reverse("patients:notifications"))
        found[width] = page.evaluate(ROW)
        assert page.evaluate(TARGETS) == 0
    return found


@pytest.mark.parametrize("who", ["ada", "dana", "ines", "theo"])
@pytest.mark.parametrize("name", ["", LONG_NAME])
def test_the_head_is_one_row(page: Page, clinic: Cast, live_server: LiveServer, who: str, name: str) -> None:
    person = clinic.people[who]
    User.objects.filter(pk=person.pk).update(display_name=name or person.display_name)
    enter(page, person, live_server.url)
    for width, row in rows(page).items():
        assert row == {"low": True, "wide": False, "apart": True}, width


def test_a_cut_name_is_still_read_out_and_shown_when_its_menu_opens(page: Page, clinic: Cast, live_server: LiveServer) -> None:
    User.objects.filter(pk=clinic.dana.pk).update(display_name=LONG_NAME)
    enter(page, clinic.dana, live_server.url)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(reverse("patients:notifications"))
    name = page.locator(".account-name")
    is_cut = "one => one.scrollWidth > one.clientWidth"
    assert name.evaluate(is_cut)
    assert name.text_content() == LONG_NAME
    page.locator(".account-menu summary").click()
    assert not name.evaluate(is_cut)
    page.get_by_role("button", name="Log out").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_menu_opens_and_closes_with_the_keyboard(page: Page, clinic: Cast, live_server: LiveServer) -> None:
    enter(page, clinic.ada, live_server.url)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(reverse("patients:notifications"))
    menu, link = page.get_by_role("button", name="Menu"), page.get_by_role("link", name="New patient")
    assert not link.is_visible()
    menu.press("Enter")
    link.wait_for()
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    assert menu.evaluate("one => one === document.activeElement")
    menu.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert link.evaluate("one => one === document.activeElement")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="New patient").wait_for()


def test_the_menu_works_without_scripts(browser: Browser, clinic: Cast, live_server: LiveServer) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    enter(page, clinic.dana, live_server.url)
    page.goto(reverse("patients:notifications"))
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Queue", exact=True).click()
    page.get_by_role("heading", name="Queue").wait_for()
    context.close()


def test_on_a_desk_there_is_no_menu_button(page: Page, clinic: Cast, live_server: LiveServer) -> None:
    enter(page, clinic.ada, live_server.url)
    page.set_viewport_size({"width": 1280, "height": 740})
    page.goto(reverse("patients:notifications"))
    assert not page.get_by_role("button", name="Menu").is_visible()
    assert page.get_by_role("link", name="New patient").is_visible()
