"""The pages: what they show, what they say when something is wrong, and that their cost does not grow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from patients.capture import CaptureFields
from patients.forms import ImageUploadForm, SearchForm
from patients.models import BreakGlass, Case, Lesion, Patient
from tests.cast import Cast
from tests.factories import make_case, make_image, make_lesion, make_patient, upload

PATIENT = {
    "family_name": "Dale",
    "given_names": "Rue",
    "birth_date": "1980-02-03",
    "sex": "female",
    "record_number": "N9",
    "letter_language": "en",
    "version": "1",
}


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# --- What they show ---------------------------------------------------------------------------------------------------


def test_a_gp_starts_with_search_new_patient_and_the_latest(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = text(client, reverse("home"))
    assert reverse("patients:new") in page
    assert "Archer, Nell" in page
    assert reverse("patients:image-file", args=[cast.image.pk, "thumbnail"]) in page
    assert "Clay" not in page


def test_a_dermatologist_starts_with_what_was_referred(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page = text(client, reverse("home"))
    assert reverse("patients:review", args=[cast.case.pk]) in page
    assert reverse("patients:review", args=[cast.pooled_case.pk]) not in page


def test_an_admin_starts_with_people_and_no_patients(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    page = text(client, reverse("home"))
    assert "active accounts" in page
    assert "Archer" not in page


def test_somebody_without_a_role_is_told_whom_to_ask(cast: Cast, client: Client) -> None:
    client.force_login(cast.theo)
    assert "no role yet" in text(client, reverse("home"))


def test_a_dermatologist_sees_only_the_referred_lesion_of_a_patient(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page = text(client, cast.patient.get_absolute_url())
    assert cast.lesion.get_absolute_url() in page
    assert cast.pooled_lesion.get_absolute_url() not in page


def test_the_upload_form_is_for_gps(cast: Cast, client: Client) -> None:
    target = reverse("analysis:submit", args=[cast.lesion.pk])
    client.force_login(cast.ada)
    page = text(client, cast.lesion.get_absolute_url())
    assert f'action="{target}"' in page
    for name in ("image", *(field.name for field in fields(CaptureFields))):
        assert f'name="{name}"' in page
    client.force_login(cast.dana)
    assert target not in text(client, cast.lesion.get_absolute_url())


@pytest.mark.parametrize("words", ["arch", "NELL", "nell arch", "N1", "1970-05-17 archer"])
def test_search_finds_by_any_part(cast: Cast, client: Client, words: str) -> None:
    client.force_login(cast.ada)
    page = client.post(reverse("patients:list"), {"words": words}).content.decode()
    assert "Archer, Nell" in page
    assert "Bell, Otto" not in page


def test_a_search_without_result_says_what_to_try(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert "No patient matches" in client.post(reverse("patients:list"), {"words": "clay"}).content.decode()


def test_patient_data_never_stands_in_an_address(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    pages = [text(client, path) for path in ("/", "/patients/", cast.patient.get_absolute_url(), cast.lesion.get_absolute_url())]
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', " ".join(pages))
    assert addresses
    assert not any(word in address.lower() for address in addresses for word in ("archer", "nell", "?"))
    assert not re.findall(r'<form(?![^>]*method="post")', " ".join(pages))


def test_long_lists_have_pages(cast: Cast, client: Client) -> None:
    for number in range(30):
        make_patient(cast.north, family_name=f"Zed{number:02}")
    client.force_login(cast.ada)
    assert "Page 1 of 2" in text(client, reverse("patients:list"))
    second = client.post(reverse("patients:list"), {"words": "zed", "page": "2"}).content.decode()
    assert "Zed29" in second
    assert "Zed00" not in second


def test_a_page_beyond_the_end_is_the_last(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert client.post(reverse("patients:list"), {"page": "99"}).status_code == 200


# --- Bad input --------------------------------------------------------------------------------------------------------

BAD_PATIENTS = {
    "born tomorrow": ({"birth_date": (timezone.localdate() + timedelta(days=1)).isoformat()}, "in the future"),
    "no such day": ({"birth_date": "1980-02-30"}, "valid date"),
    "no name": ({"family_name": " "}, "required"),
    "nul in the name": ({"family_name": "Da\0le"}, "Null characters"),
    "very long name": ({"family_name": "x" * 500}, "at most 120"),
    "taken record number": ({"record_number": "N1"}, "has this record number"),
    "skin type 9": ({"skin_type": "9"}, "not one of the available"),
}


@pytest.mark.parametrize("name", BAD_PATIENTS)
def test_a_wrong_field_is_explained_and_nothing_is_saved(cast: Cast, client: Client, name: str) -> None:
    change, sentence = BAD_PATIENTS[name]
    client.force_login(cast.ada)
    before = list(Patient.objects.values())
    for path in (reverse("patients:new"), reverse("patients:edit", args=[cast.other_patient.pk])):
        response = client.post(path, PATIENT | change)
        assert response.status_code == 400
        assert sentence in response.content.decode()
    assert list(Patient.objects.values()) == before


def test_what_was_typed_survives_a_refusal(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = client.post(reverse("patients:new"), PATIENT | {"record_number": "N1"}).content.decode()
    assert 'value="Dale"' in page


def test_an_unknown_site_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    response = client.post(reverse("patients:lesion-new", args=[cast.patient.pk]), {"site_key": "SCT:1", "laterality": "L"})
    assert response.status_code == 400
    assert Lesion.objects.filter(patient=cast.patient).count() == 2


@pytest.mark.parametrize("target", ["", "user-0", "pool-0", "ada", "user-00000000-0000-0000-0000-000000000000"])
def test_a_referral_needs_a_real_target(cast: Cast, client: Client, target: str) -> None:
    client.force_login(cast.ada)
    before = Case.objects.count()
    assert client.post(reverse("patients:refer", args=[cast.free_lesion.pk]), {"target_key": target}).status_code == 400
    assert (
        client.post(reverse("patients:refer", args=[cast.free_lesion.pk]), {"target_key": f"user-{cast.ben.public_id}"}).status_code == 400
    )
    assert Case.objects.count() == before


def test_the_same_referral_twice_is_explained(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    form = {"target_key": f"user-{cast.dana.public_id}", "urgency": "soon"}
    response = client.post(reverse("patients:refer", args=[cast.lesion.pk]), form)
    assert "This lesion has an open case already" in response.content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"), [({"reason": "why not"}, "at least 10"), ({"record_number": "N77"}, "no patient with this")]
)
def test_breaking_the_glass_needs_a_reason_and_a_record(cast: Cast, client: Client, change: dict[str, str], sentence: str) -> None:
    client.force_login(cast.ines)
    form = {"practice": cast.north.public_id, "record_number": "N1", "reason": "Complaint of the 3rd"}
    response = client.post(reverse("patients:break-glass"), form | change)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not BreakGlass.objects.exists()


def test_an_admin_opens_one_record_for_a_while(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    form = {"practice": cast.north.public_id, "record_number": "N1", "reason": "Complaint of the 3rd"}
    response = client.post(reverse("patients:break-glass"), form, follow=True)
    assert "Archer, Nell" in response.content.decode()
    assert "Record N1" in text(client, reverse("home"))
    assert client.get(cast.other_patient.get_absolute_url()).status_code == 404
    BreakGlass.objects.update(opened_at=timezone.now() - timedelta(hours=3), expires_at=timezone.now() - timedelta(hours=2))
    assert client.get(cast.patient.get_absolute_url()).status_code == 404


def sent(content: bytes, name: str = "image.jpg") -> MultiValueDict[str, UploadedFile[Any]]:
    return MultiValueDict({"image": [upload(content, name)]})


def test_the_upload_form_leaves_the_file_to_the_intake() -> None:
    data = {"modality": "dermoscopic", "magnification": "10", "taken_on": "2024-03-01"}
    form = ImageUploadForm(data, sent(b"", name="x" * 300 + ".exe"))
    assert form.is_valid(), form.errors
    assert form.capture().modality == "dermoscopic"


def test_the_modality_is_a_choice_somebody_made(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert '<option value="" selected>Choose</option>' in text(client, cast.lesion.get_absolute_url())


@pytest.mark.parametrize(
    "change", [{"modality": ""}, {"modality": "x-ray"}, {"magnification": "-1"}, {"taken_on": "2999-01-01"}, {"immersion": "syrup"}]
)
def test_the_upload_form_refuses_impossible_captures(change: dict[str, str]) -> None:
    assert not ImageUploadForm({"modality": "dermoscopic"} | change, sent(b"x")).is_valid()


def test_the_search_form_takes_nothing_as_everything() -> None:
    form = SearchForm({})
    assert form.is_valid()
    assert form.cleaned_data == {"words": "", "page": None}


# --- Constant cost ----------------------------------------------------------------------------------------------------


def grow(cast: Cast) -> None:
    for _ in range(3):
        patient = make_patient(cast.north)
        for owner in (patient, cast.patient):
            lesion = make_lesion(owner)
            make_image(lesion)
            make_image(cast.lesion)
            make_case(lesion, to_user=cast.dana)


PAGES: dict[str, tuple[str, Callable[[Cast], str]]] = {
    "home of a gp": ("ada", lambda _: reverse("home")),
    "home of a dermatologist": ("dana", lambda _: reverse("home")),
    "home of an admin": ("ines", lambda _: reverse("home")),
    "list": ("ada", lambda _: reverse("patients:list")),
    "list of a dermatologist": ("dana", lambda _: reverse("patients:list")),
    "patient": ("ada", lambda cast: cast.patient.get_absolute_url()),
    "consents": ("ada", lambda cast: reverse("patients:consents", args=[cast.patient.pk])),
    "lesion": ("ada", lambda cast: cast.lesion.get_absolute_url()),
    "refer": ("ada", lambda cast: reverse("patients:refer", args=[cast.free_lesion.pk])),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_data(cast: Cast, client: Client, name: str) -> None:
    person, path = PAGES[name]
    client.force_login(cast.people[person])
    with CaptureQueriesContext(connection) as before:
        text(client, path(cast))
    grow(cast)
    with CaptureQueriesContext(connection) as after:
        text(client, path(cast))
    assert len(after) == len(before)
    assert len(after) <= 13  # one of them is the bell
