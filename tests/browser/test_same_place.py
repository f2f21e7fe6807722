"""Two visits that were laid over one another: whichever is moved, the other shows the same skin, turned and as large."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from analysis.models import Artefact, Kind
from tests.analysis.pages import with_result
from tests.analysis.test_comparison import analysed
from tests.analysis.test_visits import STORED
from tests.browser.test_records import log_in
from tests.cast import Cast
from tests.factories import make_image, png_bytes

if TYPE_CHECKING:
    from playwright.sync_api import Page

TURNED = [[0.0, -2 / 3, 5 / 6], [1.0, 0.0, 0.0]]
"""Of a 200×100 picture in one of 300×400: a quarter turn clockwise, twice as large in pixels (tests/vision/test_shares.py)."""
PAIRS = [[50, 25, 200, 100], [0, 0, 250, 0], [200, 100, 50, 400]]
"""Pixels of the earlier picture, from its corner, and where the same skin is in the later one: (250 − 2y, 2x)."""
VIEWERS = "const [one, other] = [...document.querySelectorAll('[data-window]')].map(place => OpenSeadragon.getViewer(place));"
SHOWN = """
    const lies = (viewer, x, y, item) => viewer.world.getItemAt(item).imageToViewportCoordinates(x, y, true);
    const shown = (viewer, x, y, item = 0) => viewer.viewport.pixelFromPoint(lies(viewer, x, y, item), true);
    const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
"""


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


def visits(records: Cast, **change: Any) -> str:
    """The address of the comparison of two visits of different shape."""
    earlier = make_image(records.lesion, png_bytes(200, 100, seed=1), width_px=200, height_px=100, taken_on=date(2025, 3, 1))
    later = make_image(records.lesion, png_bytes(300, 400, seed=2), width_px=300, height_px=400, taken_on=date(2025, 9, 1))
    analysis = with_result(analysed(later), change=STORED | {"image": str(earlier.pk), "matrix": TURNED} | change)
    for kind in (Kind.EARLIER, Kind.CHANGE):
        Artefact.objects.create(analysis=analysis, kind=kind, file=later.thumbnail.name, sha256="0" * 64)
    return reverse("analysis:compare", args=[earlier.pk, later.pk])


def open_both(page: Page, address: str) -> None:
    log_in(page, "dana")
    page.goto(address)
    for side in (0, 1):
        page.locator("[data-enlarged]").nth(side).get_by_text("×").wait_for()


def state(page: Page, expression: str) -> Any:
    return page.evaluate(f"() => {{ {VIEWERS} {SHOWN} return {expression}; }}")


def until(page: Page, condition: str) -> None:
    page.wait_for_function(f"() => {{ {VIEWERS} {SHOWN} return {condition}; }}")


def until_both_show_the_same(page: Page) -> None:
    """Every place of the skin at the same place of both windows."""
    until(page, f"{PAIRS}.every(([x, y, there, down]) => apart(shown(one, x, y), shown(other, there, down)) < 0.5)")


def test_moving_the_earlier_centres_the_later_at_the_same_skin(page: Page, records: Cast) -> None:
    open_both(page, visits(records))
    page.get_by_text("Moved together, both show the same place of the skin:").wait_for()
    until_both_show_the_same(page)
    state(page, "one.viewport.zoomTo(3, null, true).panTo(new OpenSeadragon.Point(0.25, 0.125), true) && 1")
    until(page, "apart(other.viewport.getCenter(true), { x: 2 / 3, y: 1 / 3 }) < 1e-6")
    assert state(page, "other.viewport.getRotation(true)") % 360 == pytest.approx(270), "a quarter turn back"
    assert state(page, "other.viewport.getZoom(true)") == pytest.approx(3 / (4 / 3)), "a width of the earlier is 4/3 of the later one"
    until_both_show_the_same(page)


@pytest.mark.parametrize(("key", "right", "down"), [("ArrowRight", 40, 0), ("ArrowDown", 0, 40)])
def test_moving_the_turned_later_one_with_arrows_takes_the_earlier_along(
    page: Page, records: Cast, key: str, right: int, down: int
) -> None:
    """The arrows mean the screen, not the picture: what was in the middle goes as far the other way in both windows."""
    open_both(page, visits(records))
    until_both_show_the_same(page)
    state(page, "(window.wasAt = [shown(one, 50, 25), shown(other, 200, 100)]) && 1")
    page.get_by_label("Later picture,").press(key)
    until(page, f"apart(shown(other, 200, 100), {{ x: wasAt[1].x - {right}, y: wasAt[1].y - {down} }}) < 0.5")
    until(page, f"apart(shown(one, 50, 25), {{ x: wasAt[0].x - {right}, y: wasAt[0].y - {down} }}) < 0.5")
    until_both_show_the_same(page)


def test_enlarging_the_later_one_by_wheel_takes_the_earlier_along(page: Page, records: Cast) -> None:
    open_both(page, visits(records))
    until_both_show_the_same(page)
    before = state(page, "one.viewport.getZoom(true)")
    page.get_by_label("Later picture,").hover(position={"x": 60, "y": 90})
    page.mouse.wheel(0, -300)
    until(page, f"one.viewport.getZoom(true) > {before} * 1.1")
    until_both_show_the_same(page)


def test_at_first_and_again_on_demand_both_are_shown_whole(page: Page, records: Cast) -> None:
    """Although the later shows other skin than the earlier."""
    open_both(page, visits(records))
    corners = "[[one, 0, 0], [one, 200, 100], [other, 0, 0], [other, 300, 0], [other, 0, 400], [other, 300, 400]]"
    are_whole = f"{corners}.every(([viewer, x, y]) => {{ const at = shown(viewer, x, y), size = viewer.viewport.getContainerSize();"
    are_whole += " return at.x > -1 && at.y > -1 && at.x < size.x + 1 && at.y < size.y + 1; })"
    until(page, are_whole)
    for _ in range(3):
        page.get_by_role("button", name="Enlarge").click()
    until(page, f"!({are_whole})")
    page.get_by_role("button", name="Whole pictures").click()
    until(page, are_whole)


def test_unlinked_each_picture_stands_as_it_was_taken(page: Page, records: Cast) -> None:
    open_both(page, visits(records))
    until(page, "other.viewport.getRotation(true) % 360 !== 0")
    linked = page.get_by_label("Move both together")
    linked.uncheck()
    until(page, "other.viewport.getRotation(true) % 360 === 0")
    linked.check()
    until_both_show_the_same(page)


def test_the_later_lies_over_the_earlier_and_is_swapped_with_the_keyboard(page: Page, records: Cast) -> None:
    open_both(page, visits(records))
    whole = state(page, "one.viewport.getHomeZoom()")
    page.get_by_label("Lay the later picture over the earlier one").press("Space")
    until(page, "one.world.getItemCount() === 2")
    until(page, f"{PAIRS}.every(([x, y, there, down]) => apart(shown(one, x, y), shown(one, there, down, 1)) < 0.5)")
    assert state(page, "one.world.getItemAt(1).getOpacity()") == 1
    page.get_by_role("button", name="Blink").press("Enter")
    until(page, "one.world.getItemAt(1).getOpacity() === 0")
    page.get_by_label("Later picture", exact=True).press("ArrowRight")
    until(page, "one.world.getItemAt(1).getOpacity() === 0.05")
    page.get_by_text("5 %", exact=True).wait_for()
    page.get_by_label("Lay the later picture over the earlier one").press("Space")
    until(page, "one.world.getItemAt(1).getOpacity() === 0")
    until_both_show_the_same(page)
    assert state(page, "one.viewport.getHomeZoom()") == whole, "whole is still the earlier picture alone"


def test_a_pair_that_was_refused_shares_its_frame(page: Page, records: Cast) -> None:
    open_both(page, visits(records, matrix=None, failure="They show different lesions.", change=None))
    page.get_by_text("Moved together, both show the same part of their frame.").wait_for()
    assert page.get_by_label("Lay the later picture over the earlier one").count() == 0
    state(page, "one.viewport.panTo(new OpenSeadragon.Point(0.25, 0.125), true) && 1")
    until(page, "apart(other.viewport.getCenter(true), { x: 0.25, y: 0.125 * (400 / 300) / (100 / 200) }) < 1e-6")
    assert state(page, "other.viewport.getRotation(true)") == 0


def test_it_fits_a_phone(page: Page, records: Cast) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_both(page, visits(records))
    page.get_by_label("Lay the later picture over the earlier one").check()
    until(page, "one.world.getItemCount() === 2")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
