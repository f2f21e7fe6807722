"""A real Chromium in front of the real thing: live server, real worker, real PostgreSQL and Redis.

    def test_something(page, live_server, start_worker): ...

`page` is a fresh Playwright page whose addresses are relative to the live server; the test fails when the browser's console
shows an error (a refused script or style, for one) or the page asks another host for anything.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

# Playwright's synchronous interface keeps an event loop in this thread, and Django then suspects asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, object, object]:
    """Playwright's greenlets upset the parser of Python 3.11, with which pytest looks up a failure's lines: the whole run would end."""
    style, item.config.option.tbstyle = item.config.option.tbstyle, "native"
    try:
        return (yield)
    finally:
        item.config.option.tbstyle = style


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        assert not os.environ.get("CI"), "continuous integration must have a Chromium"
        pytest.skip(f"there is no browser at {CHROMIUM} (set CHROMIUM)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def is_complaint(kind: str, text: str) -> bool:
    """Not that a session has ended: Chromium reports every 401, and the page deals with it."""
    return kind == "error" and "401 (Unauthorized)" not in text


@contextmanager
def open_page(browser: Browser, url: str) -> Iterator[Page]:
    """A page in a context of its own: another person at another machine."""
    context = browser.new_context(base_url=url, locale="en-GB")
    context.set_default_timeout(15_000)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message.type, message.text) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((url, "data:", "blob:")) else complaints.append(request.url))
    yield page
    heard = list(complaints)
    context.set_offline(True)  # what a page sends as it is left would come when the tables are emptied
    context.close()
    assert heard == [], "the browser complained"


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, stored_files: Path) -> Iterator[Page]:
    """Closed before the folder and the tables are: a lazy picture may still be on its way when a test ends."""
    with open_page(browser, live_server.url) as page:
        yield page


@pytest.fixture
def other_page(browser: Browser, live_server: LiveServer, stored_files: Path) -> Iterator[Page]:
    """For a second person, logged in at the same time."""
    with open_page(browser, live_server.url) as page:
        yield page
