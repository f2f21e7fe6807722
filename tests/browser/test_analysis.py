"""The main job in a real browser: upload, progress, result; and nothing of it for another practice."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from pytest_django.live_server_helper import LiveServer

from analysis import services
from analysis.models import Analysis, Kind, Status
from analysis.vision.imaging import encode_png
from patients.models import AuditEntry, Image
from tests.analysis.states import in_state
from tests.analysis.tiny import ALONE, TinyAnalyser
from tests.cast import Cast, build_cast
from tests.factories import jpeg_bytes, make_image
from tests.integration.trained import needs_models
from tests.synthetic import draw_lesion

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_models]

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return build_cast()


@pytest.fixture
def finished(cast: Cast) -> Analysis:
    analysis = in_state(cast.image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    return analysis


def log_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("textbox").first.fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in").click()
    page.locator(".account-menu").wait_for()


def photograph() -> bytes:
    return encode_png(draw_lesion(colours=("light_brown", "dark_brown", "black"), shape="star", hairs=5).image)


def upload(page: Page, cast: Cast) -> None:
    page.goto(cast.lesion.get_absolute_url())
    page.locator("input[type=file]").first.set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": photograph()})
    page.get_by_label("Modality").select_option("dermoscopic")
    page.get_by_label("Modality").select_option("Dermoscopic")
    page.get_by_role("button", name="Upload and analyse").click()


def test_a_gp_uploads_an_image_and_sees_what_was_found(page: Page, cast: Cast, start_worker: Start) -> None:
    log_in(page, "ada")
    upload(page, cast)
    page.wait_for_url("**/analyses/*/")
    assert "Waiting for a free place" in page.inner_text("#progress")
    start_worker()
    page.wait_for_selector(".viewer", timeout=60_000)
    check_report(page)
    check_overlays(page)
    check_rows()


def check_report(page: Page) -> None:
    content = page.inner_text("main")
    for text in (
        "Preliminary: not signed",
        "probability of malignancy",
        "Differential",
        "ABCD",
        "Colour regions",
        "Dermoscopic structures",
        "Grad-CAM",
        "validated scope",
    ):
        assert text in content


def check_overlays(page: Page) -> None:
    """Hovering previews, choosing keeps, the slider fades; the pictures have really arrived."""
    layer = page.locator(".viewer-stage [data-layer=colours]")
    assert layer.is_hidden()
    page.locator(".viewer-choice", has_text="Colours").hover()
    assert layer.is_visible()
    page.mouse.move(0, 0)
    assert layer.is_hidden()
    page.locator(".viewer-choice", has_text="Colours").click()
    page.mouse.move(0, 0)
    assert layer.is_visible()
    page.get_by_label("Opacity of the overlay").fill("25")
    assert layer.evaluate("image => getComputedStyle(image).opacity") == "0.25"
    assert layer.evaluate("image => image.naturalWidth") == 600
    check_picture_without_hair(page)


def check_picture_without_hair(page: Page) -> None:
    """It stands for the image and starts opaque; the opacity that was chosen for drawings comes back with them."""
    cleared = page.locator(".viewer-stage [data-layer=cleared]")
    page.locator(".viewer-choice", has_text="Hair and ruler removed").click()
    assert cleared.evaluate("image => getComputedStyle(image).opacity") == "1"
    assert cleared.evaluate("image => image.naturalWidth") == 600
    assert "The diagnoses are of the picture as it is" in page.inner_text("[data-viewer-caption]")
    page.locator(".viewer-choice", has_text="Colours").click()
    assert page.get_by_label("Opacity of the overlay").input_value() == "25"


def check_rows() -> None:
    analysis = Analysis.objects.get()
    assert analysis.status == Status.SUCCEEDED
    assert Image.objects.get(pk=analysis.image_id).width_px == 600
    assert {artefact.kind for artefact in analysis.artefacts.all() if artefact.file.size} == {*ALONE, Kind.CLEARED}
    assert AuditEntry.objects.filter(action="analysis.read", object_id=str(analysis.pk)).exists()


def test_progress_survives_a_reload_and_an_analysis_can_be_stopped(page: Page, cast: Cast) -> None:
    log_in(page, "ada")
    upload(page, cast)
    page.wait_for_url("**/analyses/*/")
    page.reload()
    assert "Waiting for a free place" in page.inner_text("#progress")
    page.get_by_role("button", name="Stop the analysis").click()
    page.get_by_text("The analysis was stopped").wait_for()
    assert Analysis.objects.get().status == Status.CANCELLED


def warn_of_everything(analysis: Analysis) -> None:
    """As if the image were unfamiliar and a plain photograph."""
    found = Analysis.objects.values_list("result", flat=True).get(pk=analysis.pk) or {}
    found["familiarity"]["is_unfamiliar"] = True
    found["classification"]["p_dermoscopic"] = 0.02
    Analysis.objects.filter(pk=analysis.pk).update(result=found)


def test_the_report_fits_a_phone(page: Page, cast: Cast, finished: Analysis) -> None:
    warn_of_everything(finished)
    page.set_viewport_size({"width": 360, "height": 740})
    log_in(page, "ada")
    page.goto(f"/analyses/{finished.pk}/")
    assert "do not rely on this result" in page.inner_text("main")
    assert "looks like a plain photograph" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_overlays_can_be_chosen_with_the_keyboard(page: Page, cast: Cast, finished: Analysis) -> None:
    log_in(page, "ada")
    page.goto(f"/analyses/{finished.pk}/")
    page.locator("input[name=overlay]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".viewer-stage [data-layer=lesion_outline]").is_visible()
    assert page.locator(".viewer-stage [data-layer=level_set_outline]").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator(".viewer-stage [data-layer=level_set_outline]").is_hidden()


def test_a_picture_that_does_not_arrive_is_told(page: Page, cast: Cast, finished: Analysis) -> None:
    page.route("**/files/lesion_outline/", lambda route: route.fulfill(status=200, content_type="image/png", body=""))
    log_in(page, "ada")
    page.goto(f"/analyses/{finished.pk}/")
    caption = page.locator("[data-viewer-caption]")
    assert caption.inner_text() == "The image alone."
    page.locator("input[name=overlay]").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("could not be loaded, so what you see is incomplete").wait_for()
    page.locator(".viewer-choice", has_text="Colours").click()
    page.mouse.move(0, 0)
    assert "could not be loaded" not in caption.inner_text()


def test_another_practice_finds_nothing(browser: Browser, live_server: LiveServer, cast: Cast, finished: Analysis) -> None:
    before = list(Analysis.objects.values()), Image.objects.count()
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    log_in(page, "cleo")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content())
    assert token
    lesion, image = finished.image.lesion_id, finished.image_id
    pages = [f"/analyses/{finished.pk}/", f"/analyses/{finished.pk}/status/", f"/images/{image}/analysis/", f"/lesions/{lesion}/"]
    files = [f"/analyses/{finished.pk}/files/{kind}/" for kind in Kind] + [
        f"/images/{image}/{v}/" for v in ("upright", "original", "thumbnail")
    ]
    assert {page.request.get(address).status for address in pages + files} == {404}
    actions = [
        f"/analyses/{finished.pk}/cancel/",
        f"/analyses/{finished.pk}/retry/",
        f"/images/{image}/analysis/",
        f"/lesions/{lesion}/analyses/",
    ]
    form = {"csrfmiddlewaretoken": token[1]}
    headers = {"Referer": live_server.url}
    assert {page.request.post(address, form=form, headers=headers).status for address in actions} == {404}
    assert (list(Analysis.objects.values()), Image.objects.count()) == before
    context.close()


def mark(page: Page, one: tuple[float, float], other: tuple[float, float]) -> None:
    """Drag from one point to another, in shares of the picture."""
    box = page.locator("[data-region-stage]").bounding_box()
    assert box
    (from_x, from_y), (to_x, to_y) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (one, other))
    page.mouse.move(from_x, from_y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=5)
    page.mouse.up()


def numbers(page: Page) -> list[int]:
    return [int(page.locator(f"input[name={name}]").input_value() or -1) for name in ("left", "top", "width", "height")]


def test_the_lesion_that_is_meant_is_marked_and_analysed(page: Page, cast: Cast, finished: Analysis, start_worker: Start) -> None:
    content = jpeg_bytes(600, 400)
    image = make_image(cast.lesion, content, width_px=600, height_px=400)
    log_in(page, "ada")
    page.goto(f"/images/{image.pk}/analysis/")
    page.get_by_role("link", name="Several lesions in view? Mark the one that is meant").click()
    page.locator("[data-region-help]").wait_for()
    mark(page, (0.25, 0.2), (0.75, 0.8))
    left, top, width, height = numbers(page)
    assert all(abs(found - wanted) <= 2 for found, wanted in zip((left, top, width, height), (150, 80, 300, 240), strict=True))
    start_worker()
    page.get_by_role("button", name="Analyse this region").click()
    page.wait_for_selector(".viewer", timeout=60_000)
    assert "This is the analysis of a marked region, not of the whole picture." in page.inner_text("main")
    rectangle = page.locator(".viewer-stage .rectangle")
    assert [int(rectangle.get_attribute(name) or -1) for name in ("x", "y", "width", "height")] == [left, top, width, height]
    over, base = rectangle.bounding_box(), page.locator(".viewer-stage .viewer-base").bounding_box()
    assert over
    assert base
    assert over["x"] - base["x"] == pytest.approx(left / 600 * base["width"], abs=3), "it lies over the picture where it was drawn"
    analysis = Analysis.objects.get(image=image)
    assert (analysis.status, analysis.marked) == (Status.SUCCEEDED, (left, top, width, height))


def test_a_rectangle_is_drawn_moved_resized_and_typed(page: Page, cast: Cast) -> None:
    """The picture of the cast has 160×120 pixels; shares of it are exact to a pixel or two."""
    log_in(page, "ada")
    page.goto(f"/images/{cast.image.pk}/region/")
    page.locator("[data-region-help]").wait_for()
    steps = [
        ((0.25, 0.25), (0.75, 0.75), (40, 30, 80, 60)),  # drawn
        ((0.5, 0.5), (0.6, 0.4), (56, 18, 80, 60)),  # moved
        ((0.85, 0.65), (0.95, 0.9), (56, 18, 96, 90)),  # by a corner
        ((0.6, 0.5), (0.0, 0.5), (0, 18, 96, 90)),  # never out of the picture
        ((0.3, 0.5), (0.3, 0.5), (0, 18, 96, 90)),  # a click is a slip
    ]
    for one, other, wanted in steps:
        mark(page, one, other)
        assert numbers(page) == pytest.approx(list(wanted), abs=2)
    assert "Marked: " in page.inner_text("[data-region-status]")
    page.get_by_label("Left edge").fill("10")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowUp")
    assert numbers(page)[0] == 21
    assert page.locator("[data-region-stage] .rectangle").get_attribute("x") == "21"
    page.get_by_label("Width").fill("20")
    page.keyboard.press("Tab")
    assert "Too small: mark at least 64 × 64." in page.inner_text("[data-region-status]")
    page.get_by_role("button", name="Analyse this region").click()
    assert page.get_by_label("Width").evaluate("field => field.validity.rangeUnderflow")
    assert not Analysis.objects.exists()
    page.get_by_role("button", name="Start in the middle").click()
    assert numbers(page) == [40, 30, 80, 60]


def test_marking_fits_a_phone_and_works_with_a_finger(browser: Browser, live_server: LiveServer, cast: Cast) -> None:
    context = browser.new_context(base_url=live_server.url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    log_in(page, "ada")
    page.goto(f"/images/{cast.image.pk}/region/")
    page.locator("[data-region-help]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator("[data-region-stage]").bounding_box()
    assert box
    finger = context.new_cdp_session(page)
    places = [(0.2, 0.2), (0.5, 0.5), (0.8, 0.9)]
    points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert numbers(page) == pytest.approx([32, 24, 96, 84], abs=2)
    context.close()


def test_without_javascript_the_numbers_are_typed(browser: Browser, live_server: LiveServer, cast: Cast) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, "ada")
    page.goto(f"/images/{cast.image.pk}/region/")
    for label, value in (("Left edge", "10"), ("Upper edge", "20"), ("Width", "70"), ("Height", "90")):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Analyse this region").click()
    page.get_by_text("This is the analysis of a marked region").wait_for()
    assert Analysis.objects.get().marked == (10, 20, 70, 90)
    context.close()


def test_structures_can_be_laid_over_the_image(page: Page, cast: Cast, finished: Analysis) -> None:
    log_in(page, "ada")
    page.goto(f"/analyses/{finished.pk}/")
    page.locator(".viewer-choice", has_text="Structures").click()
    page.mouse.move(0, 0)
    layer = page.locator(".viewer-stage [data-layer=structures]")
    assert layer.is_visible()
    assert layer.evaluate("image => image.naturalWidth") == 60
    assert page.locator("[data-viewer-caption]").inner_text() == "Dark blue: globules."
