"""A dermatologist's review, played through with the keyboard alone, and what happens when something around it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from analysis import services as analysis_services
from analysis.models import Status
from patients.models import Answer, AnswerDraft, Case, CaseStatus, Impression
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser
from tests.cast import Cast
from tests.conftest import wait_until
from tests.factories import jpeg_bytes, make_image
from tests.patients.answering import taken

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


@pytest.fixture
def analysed(records: Cast) -> Cast:
    """Dana's case has two pictures; the dermoscopic one is analysed."""
    make_image(records.lesion, jpeg_bytes(600, 400, seed=5), width_px=600, height_px=400, modality="macroscopic")
    analysis = in_state(records.image, Status.QUEUED)
    analysis_services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    records.dana.text_blocks.create(title="Sun", text="Please protect your skin from the sun.")
    return records


def log_in(page: Page, name: str) -> None:
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Home", exact=True).wait_for()


def open_review(page: Page, case: Case) -> None:
    page.goto(reverse("patients:review", args=[case.pk]))
    page.locator(".review-stage canvas").first.wait_for()


def zoom_of(page: Page) -> float:
    """Of the picture's width what part is in view: the smaller, the closer."""
    return float(page.evaluate("window.OpenSeadragon.getViewer(document.querySelector('[data-stage]')).viewport.getBounds(false).width"))


def items_of(page: Page) -> int:
    return int(page.evaluate("window.OpenSeadragon.getViewer(document.querySelector('[data-stage]')).world.getItemCount()"))


def wait_for_items(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => window.OpenSeadragon.getViewer(document.querySelector('[data-stage]')).world.getItemCount() === count", arg=count
    )


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_whole_review_without_a_mouse(page: Page, analysed: Cast) -> None:
    taken(analysed)
    log_in(page, "dana")
    open_review(page, analysed.case)
    page.locator("[data-finding]").first.wait_for(state="attached")
    look_at_the_pictures(page)
    write_the_answer(page)
    sign(page)
    answer = Answer.objects.get()
    assert (answer.diagnosis, answer.icd10, answer.management, answer.follow_up_months) == ("BCC", "C44.3", "follow_up", 3)
    assert answer.text == "Excise soon.\nPlease protect your skin from the sun."


def look_at_the_pictures(page: Page) -> None:
    wait_for_items(page, 1)
    caption = page.locator("[data-picture-caption]")
    assert caption.inner_text().startswith("Dermoscopic")
    whole = zoom_of(page)
    press(page, "+", "+")
    assert zoom_of(page) < whole
    press(page, "-")
    press(page, "0")
    assert zoom_of(page) == pytest.approx(whole)
    page.wait_for_function("!document.querySelector('[data-overlay]').disabled")
    press(page, "o")
    wait_for_items(page, 3)  # the picture and both outlines
    press(page, "l")
    wait_for_items(page, 2)
    press(page, "o")
    wait_for_items(page, 1)
    press(page, "j")
    page.wait_for_function("document.querySelector('[data-picture-caption]').textContent.startsWith('Macroscopic')")
    press(page, "k")
    page.wait_for_function("document.querySelector('[data-picture-caption]').textContent.startsWith('Dermoscopic')")


def write_the_answer(page: Page) -> None:
    press(page, "a")
    assert page.evaluate("document.activeElement.name") == "diagnosis"
    page.keyboard.type("Basal")
    assert page.locator("[name=icd10]").input_value() == "C44.3"
    press(page, "Tab", "Tab")  # past the code
    page.keyboard.type("Prob")
    page.keyboard.press("Tab")
    page.keyboard.type("Follow")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    page.keyboard.type("Excise soon.")
    assert page.locator("[data-keys]").is_hidden(), "no key fires while somebody types"
    page.keyboard.press("Tab")
    page.keyboard.type("Sun")
    press(page, "Tab", "Enter")
    assert page.evaluate("document.activeElement.name") == "text"
    press(page, "Escape")
    assert page.evaluate("document.activeElement.closest('[data-stage]') !== null")


def sign(page: Page) -> None:
    press(page, "s")
    page.get_by_role("heading", name="This is what you sign").wait_for()
    page.wait_for_load_state()
    assert "C44.3 Other malignant neoplasm of skin" in page.inner_text(".review-signing")
    assert not Answer.objects.exists()
    press(page, "c")
    page.get_by_role("button", name="Check and sign").wait_for()
    page.wait_for_load_state()
    press(page, "s")
    page.get_by_role("heading", name="This is what you sign").wait_for()
    page.wait_for_function("document.activeElement.value === 'sign'")
    press(page, "Enter")
    page.get_by_text("Signed by Dana").wait_for()


def test_the_next_case_comes_by_a_key(page: Page, analysed: Cast) -> None:
    analysed.pool.members.add(analysed.dana)
    taken(analysed)
    log_in(page, "dana")
    open_review(page, analysed.case)
    press(page, "n")
    page.wait_for_url(f"**{reverse('patients:review', args=[analysed.pooled_case.pk])}")
    assert Case.objects.get(pk=analysed.pooled_case.pk).status == CaseStatus.CLAIMED


def test_the_keys_are_listed_and_can_be_switched_off_for_good(page: Page, analysed: Cast) -> None:
    log_in(page, "dana")
    open_review(page, analysed.case)
    press(page, "?")
    page.get_by_role("heading", name="Keys").wait_for()
    switch = page.get_by_label("Single keys are on")
    switch.focus()
    press(page, "Space")
    assert not switch.is_checked()
    open_review(page, analysed.case)
    press(page, "?", "t", "n")
    assert page.locator("[data-keys]").is_hidden()
    assert Case.objects.get(pk=analysed.case.pk).status == CaseStatus.WAITING
    page.get_by_role("button", name="Keys").press("Enter")
    page.get_by_label("Single keys are on").press("Space")
    page.locator("[data-keys-open]").focus()
    press(page, "t")
    page.get_by_role("heading", name="Your answer").wait_for()


def test_a_draft_is_kept_on_leaving_and_comes_back(page: Page, analysed: Cast) -> None:
    case = taken(analysed)
    log_in(page, "dana")
    open_review(page, case)
    page.get_by_label("Text", exact=False).locator("visible=true").last.wait_for()
    page.locator("[name=text]").fill("Half a sentence")
    page.get_by_role("link", name="Home", exact=True).click()
    page.wait_for_url("**/")
    wait_until(AnswerDraft.objects.exists, what="the draft")
    page.goto(reverse("patients:review", args=[case.pk]))
    assert page.locator("[name=text]").input_value() == "Half a sentence"
    assert "is restored" in page.inner_text("[data-draft-state]")


def test_a_draft_is_kept_while_somebody_types(page: Page, analysed: Cast) -> None:
    case = taken(analysed)
    log_in(page, "dana")
    open_review(page, case)
    page.locator("[name=text]").fill("Word by word")
    page.get_by_text("Draft kept at").wait_for()
    assert AnswerDraft.objects.get().fields["text"] == "Word by word"


def test_an_ended_session_is_told_and_no_text_is_lost(page: Page, analysed: Cast) -> None:
    case = taken(analysed)
    log_in(page, "dana")
    open_review(page, case)
    Session.objects.all().delete()
    page.locator("[name=text]").fill("Long thoughts")
    page.get_by_text("You are logged out").wait_for()
    other = page.context.new_page()
    log_in(other, "dana")
    other.close()
    page.get_by_text("Draft kept at").wait_for()
    assert AnswerDraft.objects.get().fields["text"] == "Long thoughts"
    page.get_by_label("Diagnosis", exact=True).select_option("NV")
    page.get_by_label("Certainty").select_option("certain")
    page.get_by_label("Management").select_option("reassure")
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("heading", name="This is what you sign").wait_for()


def test_the_page_works_when_the_findings_cannot_be_fetched(page: Page, analysed: Cast) -> None:
    page.route("**/findings/", lambda route: route.fulfill(status=200, body=""))
    case = taken(analysed)
    log_in(page, "dana")
    open_review(page, case)
    wait_for_items(page, 1)
    page.locator("[name=diagnosis]").select_option("NV")
    page.locator("[name=certainty]").select_option("certain")
    page.locator("[name=management]").select_option("reassure")
    page.get_by_role("button", name="Check and sign").click()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Signed by Dana").wait_for()


def test_the_impression_comes_first_and_leads_back_to_the_review(page: Page, analysed: Cast) -> None:
    analysed.north.asks_impression = True
    analysed.north.save()
    log_in(page, "dana")
    open_review(page, analysed.case)
    page.get_by_role("link", name="Give your impression").first.click()
    page.get_by_label("I think it is").select_option("MEL")
    page.get_by_label("Certainty").select_option("possible")
    page.get_by_role("button", name="Keep it and show the result").click()
    page.get_by_text("probability of malignancy 70.0 %").wait_for()
    assert Impression.objects.get().image == analysed.image


@pytest.mark.parametrize("name", ["review", "blocks", "histology", "impression", "second opinion"])
def test_nothing_is_wider_than_a_phone(page: Page, analysed: Cast, name: str) -> None:
    case = taken(analysed)
    analysed.north.asks_impression = True
    analysed.north.save()
    paths = {
        "review": reverse("patients:review", args=[case.pk]),
        "blocks": reverse("patients:text-blocks"),
        "histology": reverse("patients:histology", args=[analysed.lesion.pk]),
        "impression": reverse("patients:impression", args=[analysed.image.pk]),
        "second opinion": reverse("patients:review-second-opinion", args=[case.pk]),
    }
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "dana")
    page.goto(paths[name])
    if name == "review":
        press(page, "?")
        page.locator("[data-finding]").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
