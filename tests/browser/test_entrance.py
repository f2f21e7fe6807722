"""The first page anybody sees."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_login_page_works_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_wrong_password_is_refused_in_words(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("textbox").first.fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")


def test_skip_link_comes_first(page: Page) -> None:
    page.goto("/accounts/login/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
