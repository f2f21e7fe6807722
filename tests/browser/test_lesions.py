"""The body map and the checklist in a real browser: by mouse, by keyboard, on a phone, without errors that axe can find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.templatetags.static import static
from django.urls import reverse

from patients.models import Checklist, Lesion
from tests.browser.test_records import PHONE, log_in
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def clinic(transactional_db: None, cast: Cast) -> Cast:
    return cast


def chosen_site(page: Page) -> str:
    return str(page.locator("#id_site_key").evaluate("select => select.selectedOptions[0].text"))


def offered_sites(page: Page) -> list[str]:
    return page.locator("#id_site_key option").all_text_contents()


def test_pointing_to_a_region_narrows_the_list_and_sets_the_side(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:lesion-new", args=[clinic.patient.pk]))
    everything = len(offered_sites(page))
    page.get_by_role("link", name="Left thigh, front", exact=True).click()
    assert offered_sites(page) == ["Anterior surface of thigh", "Medial surface of thigh", "Lower extremity"]
    assert (chosen_site(page), page.locator("#id_laterality").input_value()) == ("Anterior surface of thigh", "L")
    assert page.locator("#id_site_key").evaluate("select => select === document.activeElement")
    assert page.locator(".bodymap-region[aria-current]").get_attribute("data-name") == "Left thigh, front"
    page.get_by_role("link", name="Nose", exact=True).click()
    assert page.locator("#id_laterality").input_value() == ""  # the drawing does not tell, so nobody guesses
    page.get_by_text("Choose the side.").wait_for()
    page.get_by_role("button", name="Show all").click()
    assert len(offered_sites(page)) == everything
    page.get_by_role("link", name="Inside of the mouth").click()
    assert chosen_site(page) == "Oral mucosa"


def test_the_left_of_the_patient_is_right_in_front_and_left_behind(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:lesion-new", args=[clinic.patient.pk]))

    def x(name: str) -> float:
        box = page.get_by_role("link", name=name, exact=True).locator("path").bounding_box()
        assert box
        return box["x"]

    assert x("Right thigh, front") < x("Left thigh, front")
    assert x("Left calf") < x("Right calf")


def test_a_lesion_is_added_by_the_map_without_a_mouse(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:lesion-new", args=[clinic.patient.pk]))
    page.locator("#id_laterality").focus()
    page.keyboard.press("Tab")  # one stop for the whole figure
    assert page.evaluate("document.activeElement.dataset.name") == "Head and face"
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert "chest" in page.evaluate("document.activeElement.dataset.name")
    page.keyboard.press("Enter")
    side = page.locator("#id_laterality").input_value()
    page.get_by_label("Note").fill("By keyboard.")
    page.get_by_role("button", name="Add lesion").press("Enter")
    page.get_by_role("heading", name="Lesion 3").wait_for()
    lesion = Lesion.objects.get(patient=clinic.patient, number=3)
    assert (lesion.site_meaning, lesion.laterality) == ("Skin of anterior surface of thorax", side)


def test_the_map_shows_what_is_chosen_in_the_list(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:lesion-edit", args=[clinic.lesion.pk]))
    assert page.locator(".bodymap-region[aria-current]").get_attribute("data-name") == "Left cheek and jaw"
    page.locator("#id_laterality").select_option("Right")
    assert page.locator(".bodymap-region[aria-current]").get_attribute("data-name") == "Right cheek and jaw"


def test_a_number_on_the_patients_map_leads_to_its_lesion(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(clinic.patient.get_absolute_url())
    page.locator(".bodymap-dot").nth(1).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Lesion 2: Left cheek").wait_for()


def test_the_score_follows_the_answers_and_the_server_counts_again(page: Page, clinic: Cast) -> None:
    log_in(page, "ada")
    page.goto(reverse("patients:checklist", args=[clinic.lesion.pk]))
    score = page.locator("[data-score]")
    assert score.text_content() == ""
    for number, group in enumerate(page.locator(".checklist-sign").all()):
        group.get_by_label("Yes" if number in {0, 4} else "No").check()
        if number == 0:
            assert score.text_content() == "2 of 10. 6 questions left."
    assert score.text_content() == "3 of 10: 3 or more, urgent referral is advised."
    page.get_by_role("button", name="Keep these answers").click()
    page.get_by_text("The checklist is kept: 3 of 10.").wait_for()
    assert Checklist.objects.get(lesion=clinic.lesion).score == 3


@pytest.mark.parametrize(
    "name", ["patients:lesion-new", "patients:lesion-edit", "patients:checklist", "patients:detail", "analysis:side-by-side"]
)
def test_pages_fit_a_phone_and_have_no_faults_that_axe_finds(page: Page, clinic: Cast, name: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ada")
    of_patient = name in {"patients:lesion-new", "patients:detail", "analysis:side-by-side"}
    page.goto(reverse(name, args=[clinic.patient.pk if of_patient else clinic.lesion.pk]))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.add_script_tag(url=static("vendor/axe/axe.min.js"))
    assert page.evaluate("axe.run().then(found => found.violations.map(fault => `${fault.id}: ${fault.nodes[0].html}`))") == []
