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
    page.get_by_role("link", name="Home").wait_for()


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


def test_structures_can_be_laid_over_the_image(page: Page, cast: Cast, finished: Analysis) -> None:
    log_in(page, "ada")
    page.goto(f"/analyses/{finished.pk}/")
    page.locator(".viewer-choice", has_text="Structures").click()
    page.mouse.move(0, 0)
    layer = page.locator(".viewer-stage [data-layer=structures]")
    assert layer.is_visible()
    assert layer.evaluate("image => image.naturalWidth") == 60
    assert page.locator("[data-viewer-caption]").inner_text() == "Dark blue: globules."
