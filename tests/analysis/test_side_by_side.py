"""The lesions of a patient beside one another: whose, by which picture, and what is said of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analysis.models import Analysis, Status
from analysis.selectors import figures_of_newest
from patients import services
from patients.models import AuditEntry, Image, Lesion
from patients.selectors import awaiting_impression, pictures_to_compare
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import make_case, make_image, make_lesion, make_patient

NOT_ENOUGH = "Not enough to compare"


def result(diameter_mm: float | None = 5.0, **parts: Any) -> dict[str, Any]:
    abcd = {
        "asymmetry_1": 0.1,
        "border_irregularity": 1.3,
        "colours": ["dark_brown", "light_brown"],
        "diameter_1_mm": diameter_mm,
        "diameter_1_px": 210.0,
        "failure": None,
    }
    return {"abcd": abcd, "familiarity": {"is_unfamiliar": False}, "lesion": {"touches_border": False}} | parts


def analysed(lesion: Lesion, found: dict[str, Any] | None = None, p_malignant: float = 0.1, **fields: Any) -> Analysis:
    image = make_image(lesion, **fields)
    return in_state(image, Status.SUCCEEDED, result=found or result(), p_malignant=p_malignant)


def four(cast: Cast) -> list[Lesion]:
    """Of the other patient, whom no dermatologist sees: alike but for the first, which is of 30 mm."""
    lesions = [cast.free_lesion, *(make_lesion(cast.other_patient) for _ in range(3))]
    for number, lesion in enumerate(lesions):
        analysed(lesion, result(30.0 if number == 0 else 5.0))
    return lesions


def page(client: Client, patient: Any, sort: str = "") -> str:
    response = client.get(reverse("analysis:side-by-side", args=[patient.pk]) + (f"?sort={sort}" if sort else ""))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_odd_one_out_is_named_with_its_reason_and_no_diagnosis(cast: Cast, client: Client) -> None:
    four(cast)
    client.force_login(cast.ada)
    shown = page(client, cast.other_patient)
    assert "<strong>Lesion 1: Left cheek</strong> differs most from this patient's other lesions: larger." in shown
    assert "This is no diagnosis." in shown
    assert shown.count("is-odd") == 1
    assert "30.0 mm" in shown


def test_lesions_that_are_alike_have_no_odd_one(cast: Cast, client: Client) -> None:
    for _ in range(4):
        analysed(make_lesion(cast.other_patient))
    client.force_login(cast.ada)
    assert "none of the 4 lesions compared stands out" in page(client, cast.other_patient)


def test_without_any_analysis_the_pictures_stand_beside_one_another(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    shown = page(client, cast.patient)
    assert NOT_ENOUGH in shown
    assert shown.count("Not analysed yet.") == 2
    assert reverse("patients:image-file", args=[cast.image.pk, "thumbnail"]) in shown


def test_a_patient_without_a_lesion(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert "No lesion is recorded." in page(client, make_patient(cast.north))


def test_a_lesion_without_a_picture_has_its_place(cast: Cast, client: Client) -> None:
    lesion = make_lesion(cast.patient)
    client.force_login(cast.ada)
    shown = page(client, cast.patient)
    assert lesion.get_absolute_url() in shown
    assert "No image yet" in shown


def test_by_oddness_the_farthest_comes_first_and_what_is_not_compared_last(cast: Cast, client: Client) -> None:
    lesions = four(cast)
    analysed(make_lesion(cast.other_patient))
    analysed(lesions[3], result(12.0))
    without = make_lesion(cast.other_patient)
    client.force_login(cast.ada)
    shown = page(client, cast.other_patient, "oddness")
    shown = shown[shown.index('class="beside"') :]
    places = [shown.index(lesion.get_absolute_url()) for lesion in (lesions[0], lesions[3], lesions[1], without)]
    assert places == sorted(places)


def test_what_a_dermatologist_may_not_see_is_neither_shown_nor_compared(cast: Cast, client: Client) -> None:
    lesions = four(cast)
    for lesion in lesions[1:]:
        make_case(lesion, to_user=cast.dana)
    client.force_login(cast.dana)
    shown = page(client, cast.other_patient)
    assert lesions[0].get_absolute_url() not in shown
    assert "30.0 mm" not in shown
    assert NOT_ENOUGH in shown
    assert "The patient may have others" in shown
    client.force_login(cast.ada)
    assert "The patient may have others" not in page(client, cast.other_patient)


def test_the_trace_names_the_lesions_that_were_shown(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page(client, cast.patient)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.patient, entry.detail) == ("patient.compare-lesions", cast.patient, {"lesions": [str(cast.lesion.pk)]})


# --- Which picture, which result --------------------------------------------------------------------------------------


def test_the_newest_dermoscopic_picture_comes_before_any_macroscopic_one(cast: Cast) -> None:
    old = make_image(cast.lesion, taken_on=date(2020, 1, 1))
    newest = make_image(cast.lesion, taken_on=date(2099, 1, 2))
    make_image(cast.lesion, modality="macroscopic", taken_on=date(2099, 5, 1))
    assert old != newest == pictures_to_compare([cast.lesion])[cast.lesion.pk]


def test_without_a_dermoscopic_picture_the_newest_macroscopic_one_counts(cast: Cast) -> None:
    lesion = make_lesion(cast.patient)
    make_image(lesion, modality="macroscopic", taken_on=date(2020, 1, 1))
    newest = make_image(lesion, modality="macroscopic", taken_on=date(2020, 1, 2))
    assert pictures_to_compare([lesion]) == {lesion.pk: newest}


def test_the_newest_finished_analysis_of_the_whole_picture_counts(cast: Cast) -> None:
    in_state(cast.image, Status.SUCCEEDED, result=result(1.0))
    in_state(cast.image, Status.SUCCEEDED, result=result(2.0))
    in_state(cast.image, Status.SUCCEEDED, result=result(3.0), region=[0, 0, 40, 40])
    in_state(cast.image, Status.FAILED)
    assert figures_of_newest([cast.image, cast.pooled_image])[cast.image.pk].diameter_mm == 2.0
    assert cast.pooled_image.pk not in figures_of_newest([cast.image, cast.pooled_image])


def test_a_result_that_lacks_everything_can_be_read(cast: Cast) -> None:
    in_state(cast.image, Status.SUCCEEDED, result={})
    found = figures_of_newest([cast.image])[cast.image.pk]
    assert (found.asymmetry, found.colours, found.diameter_mm, found.failure, found.is_unfamiliar) == (None, None, None, "", False)


def test_pictures_of_different_kinds_are_not_compared(cast: Cast, client: Client) -> None:
    for lesion, kind in zip([make_lesion(cast.other_patient) for _ in range(6)], ["dermoscopic", "macroscopic"] * 3, strict=True):
        analysed(lesion, result(30.0 if kind == "macroscopic" else 5.0), modality=kind)
    client.force_login(cast.ada)
    assert NOT_ENOUGH in page(client, cast.other_patient)


# --- What is not compared ---------------------------------------------------------------------------------------------

UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "cut off": (result(30.0, lesion={"touches_border": True}), "Part of the lesion lies outside the picture"),
    "unfamiliar": (result(30.0, familiarity={"is_unfamiliar": True}), "Unlike the pictures the models were validated on"),
    "no scale": (result(None), "210 px, no scale"),
    "nothing measured": (result(30.0, abcd={"failure": "No lesion was found."}), "No lesion was found."),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_relied_on_makes_no_lesion_odd(cast: Cast, client: Client, name: str) -> None:
    found, words = UNFIT[name]
    for number in range(5):
        analysed(make_lesion(cast.other_patient), found if number == 0 else result())
    client.force_login(cast.ada)
    shown = page(client, cast.other_patient)
    assert "stands out" in shown
    assert words in shown


def test_a_probability_that_means_nothing_is_not_shown(cast: Cast, client: Client) -> None:
    analysed(cast.lesion, result(familiarity={"is_unfamiliar": True}), p_malignant=0.913)
    client.force_login(cast.ada)
    shown = page(client, cast.patient)
    assert "91.3" not in shown
    assert "not told" in shown


# --- One's own impression first ---------------------------------------------------------------------------------------


def ask_for_impressions(cast: Cast) -> None:
    cast.north.asks_impression = True
    cast.north.save()


def test_figures_wait_for_ones_own_impression(cast: Cast, client: Client) -> None:
    ask_for_impressions(cast)
    lesions = four(cast)
    client.force_login(cast.ada)
    shown = page(client, cast.other_patient)
    assert "30.0 mm" not in shown
    assert NOT_ENOUGH in shown
    assert shown.count("Say first what you think") == 4
    for lesion in lesions:
        image = pictures_to_compare([lesion])[lesion.pk]
        services.record_impression(actor=cast.ada, image=image, diagnosis="NV", certainty="probable")
    after = page(client, cast.other_patient)
    assert "differs most" in after
    assert "Say first what you think" not in after


def test_many_at_once_are_asked_as_one_by_one(cast: Cast) -> None:
    ask_for_impressions(cast)
    services.record_impression(actor=cast.ada, image=cast.image, diagnosis="NV", certainty="certain")
    images = list(Image.objects.filter(lesion__patient=cast.patient))
    for person in cast.people.values():
        one_by_one = {image.pk for image in images if services.must_give_impression(person, image)}
        assert awaiting_impression(person, images) == one_by_one


@pytest.mark.parametrize("asks", [False, True])
def test_the_number_of_queries_does_not_grow(cast: Cast, client: Client, asks: bool) -> None:
    if asks:
        ask_for_impressions(cast)
    client.force_login(cast.ada)
    four(cast)
    with CaptureQueriesContext(connection) as before:
        page(client, cast.other_patient)
    for _ in range(4):
        analysed(make_lesion(cast.other_patient))
    with CaptureQueriesContext(connection) as after:
        page(client, cast.other_patient)
    assert len(after) == len(before) <= 10
