"""A closer look in a real browser, computed by real workers with the models in use."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from analysis.models import Explanation, Status
from analysis.presentation.explanation import METHOD_WORDS
from tests.browser.test_analysis import log_in, upload
from tests.cast import Cast, build_cast
from tests.integration.trained import needs_models

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.integration, needs_models]

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return build_cast()


def test_a_gp_asks_why_and_sees_what_each_method_marks(page: Page, cast: Cast, start_worker: Start) -> None:
    start_worker(queues="inference,default")
    log_in(page, "ada")
    upload(page, cast)
    page.wait_for_selector(".viewer", timeout=60_000)
    page.get_by_role("link", name="Look closer").click()
    page.get_by_text("More details").click()
    page.get_by_label("Masks").fill("200")
    page.get_by_role("button", name="Explain").click()
    page.wait_for_url("**/explanations/*/")
    assert "Waiting for a free place" in page.inner_text("#progress")
    start_worker(queues="explain")
    page.wait_for_selector(".method", timeout=120_000)
    assert Explanation.objects.get().status == Status.SUCCEEDED
    check_methods(page)
    check_evolution(page)


def check_methods(page: Page) -> None:
    for key, (name, _) in METHOD_WORDS.items():
        assert page.locator(f"#method-{key}").inner_text() == name
        page.locator(f".viewer-choice:has(input[value={key}])").click()
        layer = page.locator(f".viewer-stage [data-layer={key}]")
        assert layer.is_visible()
        assert layer.evaluate("image => image.naturalWidth") == 600
    assert page.locator(".curves polyline").count() == 3 * len(METHOD_WORDS)


def check_evolution(page: Page) -> None:
    """One outline at a time, the slider chooses which."""
    visible = page.locator(".evolution path:not([hidden])")
    last = visible.get_attribute("data-step")
    page.get_by_label("Step").fill("0")
    assert (visible.count(), visible.get_attribute("data-step")) == (1, "0")
    assert last not in (None, "0")
