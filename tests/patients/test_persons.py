"""Registering and changing patients: who it may be already, what cannot be, and who was faster."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import selectors, services
from patients.models import Patient, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_patient
from tests.patients.test_races import at_once

NEW: dict[str, Any] = {"record_number": "N9", "family_name": "Dale", "given_names": "Rue", "birth_date": date(1980, 2, 3), "sex": "female"}
FORM = {**NEW, "birth_date": "1980-02-03", "letter_language": "en"}


def ask(client: Client, **changes: Any) -> tuple[int, str]:
    response = client.post(reverse("patients:new"), FORM | changes)
    return response.status_code, response.content.decode()


# --- Duplicates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family_name", "given_names", "birth_date"),
    [
        ("Archer", "Nell", date(1970, 5, 17)),
        ("Acher", "Nel", date(1970, 5, 17)),
        ("Archer", "Nanette", date(1970, 5, 17)),
        ("Quill", "Nell", date(1970, 5, 17)),  # married since
        ("Nell", "Archer", date(1970, 5, 17)),
        ("ARCHER-Bell", "Nell Maria", date(1970, 5, 17)),
    ],
)
def test_somebody_similar_born_on_the_same_day_may_be_the_same(cast: Cast, family_name: str, given_names: str, birth_date: date) -> None:
    known = selectors.possible_duplicates(cast.north, family_name=family_name, given_names=given_names, birth_date=birth_date)
    assert cast.patient in known


def test_day_and_month_may_be_exchanged(cast: Cast) -> None:
    known = make_patient(cast.north, family_name="Quill", given_names="Ida", birth_date=date(1981, 3, 4))
    asked: dict[str, Any] = {"family_name": "Quill", "given_names": "Ida", "birth_date": date(1981, 4, 3)}
    assert selectors.possible_duplicates(cast.north, **asked) == [known]
    assert selectors.possible_duplicates(cast.north, **asked | {"given_names": "Tom"}) == []


@pytest.mark.parametrize(
    "changes",
    [{"birth_date": date(1971, 5, 17)}, {"given_names": "Kim"}, {"family_name": "Quill", "given_names": "Tom"}, {"practice": "south"}],
    ids=str,
)
def test_others_are_not_taken_for_the_same(cast: Cast, changes: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"family_name": "Archer", "given_names": "Nell", "birth_date": date(1970, 5, 17)} | changes
    practice = getattr(cast, asked.pop("practice", "north"))
    assert selectors.possible_duplicates(practice, **asked) == []


def test_whoever_registers_a_known_patient_is_shown_them_and_says_it_is_somebody_else(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    known = {"family_name": "Archer", "given_names": "Nele", "birth_date": "1970-05-17"}
    status, page = ask(client, **known)
    assert (status, Patient.objects.count()) == (200, 3)
    assert cast.patient.get_absolute_url() in page
    assert "This is somebody else" in page
    assert 'value="Nele"' in page
    assert ask(client, **known, is_somebody_else="on")[0] == 200, "the box alone, without having seen anybody, is no answer"
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    assert ask(client, **known, is_somebody_else="on", shown=shown)[0] == 302
    assert Patient.objects.count() == 4


def test_a_duplicate_that_came_meanwhile_is_asked_about_again(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    known = {"family_name": "Archer", "given_names": "Nele", "birth_date": "1970-05-17", "is_somebody_else": "on"}
    make_patient(cast.north, family_name="Archer", given_names="Nele")
    status, page = ask(client, **known, shown=[str(cast.patient.pk)])
    assert status == 200
    assert page.count('name="shown"') == 2
    assert Patient.objects.count() == 4


def test_a_name_corrected_into_somebody_elses_is_asked_about(cast: Cast) -> None:
    other = make_patient(cast.north, family_name="Quill", given_names="Tom")
    with pytest.raises(services.PossibleDuplicateError) as refused:
        services.change_patient(actor=cast.ada, patient=other, family_name="Archer", given_names="Nell")
    assert cast.patient in refused.value.patients
    assert other not in refused.value.patients
    other.refresh_from_db()
    assert (other.family_name, other.version) == ("Quill", 1)
    services.change_patient(
        actor=cast.ada,
        patient=other,
        family_name="Archer",
        given_names="Nell",
        somebody_else_than=[one.pk for one in refused.value.patients],
    )


def test_a_change_of_something_else_asks_nobody(cast: Cast) -> None:
    make_patient(cast.north, family_name="Archer", given_names="Nell")
    services.change_patient(actor=cast.ada, patient=cast.patient, skin_type=2)


@pytest.mark.django_db(transaction=True)
def test_the_same_patient_registered_at_once_is_registered_once(transactional_db: None, cast: Cast) -> None:
    numbers = iter(["N91", "N92"])

    def register(actor: User) -> str:
        try:
            services.create_patient(actor=actor, **NEW | {"record_number": next(numbers)})
        except ClinicError as refused:
            return refused.code
        return "registered"

    assert sorted(at_once(register, [cast.ada, cast.ben])) == ["possible_duplicate", "registered"]


# --- Impossible input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "sentence"),
    [
        ("1970-02-30", "not a valid date"),
        ("30.02.1970", "not a valid date"),
        ("yesterday", "not a valid date"),
        ((timezone.localdate() + timedelta(days=1)).isoformat(), "in the future"),
        ("1889-12-31", "Nobody born before 1890"),
        ("0070-05-17", "Nobody born before 1890"),
        ("", "required"),
    ],
)
def test_an_impossible_date_of_birth_is_explained(cast: Cast, client: Client, born: str, sentence: str) -> None:
    client.force_login(cast.ada)
    status, page = ask(client, birth_date=born)
    assert (status, Patient.objects.count()) == (400, 3)
    assert sentence in page
    assert 'value="Dale"' in page


@pytest.mark.parametrize("born", [timezone.localdate() + timedelta(days=2), date(1889, 12, 31)])
def test_programs_cannot_register_the_unborn_and_the_dead_either(cast: Cast, born: date) -> None:
    with pytest.raises(ClinicError):
        services.create_patient(actor=cast.ada, **NEW | {"birth_date": born})
    with pytest.raises(ClinicError):
        services.change_patient(actor=cast.ada, patient=cast.patient, birth_date=born)
    assert Patient.objects.count() == 3


@pytest.mark.parametrize(
    "name",
    [
        "Robert'); DROP TABLE patients_patient;--", "<script>alert(1)</script>", "{{ 7|add:7 }}", "%s%n", "Ω≈ç√", "می\u200cخواهم",
        "\N{PILE OF POO}", "x" * 120,
    ],
)  # fmt: skip
def test_any_name_is_kept_shown_as_text_and_found(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.ada)
    assert ask(client, family_name=name)[0] == 302
    patient = Patient.objects.get(record_number="N9")
    assert patient.family_name == name
    page = client.get(patient.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "14, Rue" not in page
    assert patient in selectors.find_patients(cast.ada, "rue")


def test_everything_the_form_asks_is_kept_and_shown(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    extra = {"risk_factors": ["sunburns", "melanoma_before"], "skin_type": "2", "address": "1 Mill Lane\r\nNorth", "letter_language": "de"}
    assert ask(client, **extra)[0] == 302
    patient = Patient.objects.get(record_number="N9")
    assert (patient.risk_factors, patient.skin_type, patient.letter_language) == (["melanoma_before", "sunburns"], 2, "de")
    page = client.get(patient.get_absolute_url()).content.decode()
    for shown in ("Melanoma before", "Severe sunburns", "1 Mill Lane<br>North", "Deutsch", "Not asked"):
        assert shown in page


def test_an_unknown_risk_factor_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert ask(client, risk_factors=["bad luck"])[0] == 400


def test_a_closed_practice_takes_no_new_patients(cast: Cast, client: Client) -> None:
    cast.north.is_open = False
    cast.north.save()
    client.force_login(cast.ada)
    assert client.get(reverse("patients:new")).status_code == 409
    status, page = ask(client)
    assert (status, Patient.objects.count()) == (409, 3)
    assert "takes no new patients" in page
    with pytest.raises(ClinicError):
        services.create_patient(actor=cast.ada, **NEW)
    services.change_patient(actor=cast.ada, patient=cast.patient, skin_type=2)


# --- Two at one record ------------------------------------------------------------------------------------------------


def opened(client: Client, patient: Patient) -> dict[str, Any]:
    """What the browser would send if nobody typed anything."""
    return sent(client.get(reverse("patients:edit", args=[patient.pk])).content.decode())


def sent(page: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    form = page[page.index('<form class="panel"') :]
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            fields.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = [chosen[1] if chosen else ""]
    for name, typed in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields[name] = [typed.strip()]
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def test_an_untouched_form_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    services.change_patient(actor=cast.ben, patient=cast.patient, risk_factors=["sunburns"], address="1 Mill Lane\nNorth", skin_type=2)
    fields = opened(client, cast.patient)
    before = Patient.objects.values().get(pk=cast.patient.pk)
    assert client.post(reverse("patients:edit", args=[cast.patient.pk]), fields).status_code == 302
    assert Patient.objects.values().get(pk=cast.patient.pk) == before


def test_the_second_is_told_keeps_what_they_typed_and_can_save_again(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    path, fields = reverse("patients:edit", args=[cast.patient.pk]), opened(client, cast.patient)
    services.change_patient(actor=cast.ben, patient=cast.patient, family_name="Archer-Bell", risk_factors=["sunburns"])
    response = client.post(path, fields | {"given_names": "Nella", "family_name": "Arker", "risk_factors": []})
    page = response.content.decode()
    assert response.status_code == 400
    assert "Ben changed family name and risk factors on" in page
    assert "On record now: Archer-Bell." in page
    again = sent(page)
    assert (again["given_names"], again["family_name"], again["risk_factors"]) == (["Nella"], ["Arker"], ["sunburns"])
    cast.patient.refresh_from_db()
    assert (cast.patient.family_name, cast.patient.given_names, cast.patient.version) == ("Archer-Bell", "Nell", 2)
    assert client.post(path, again).status_code == 302
    cast.patient.refresh_from_db()
    assert (cast.patient.family_name, cast.patient.given_names, cast.patient.risk_factors) == ("Arker", "Nella", ["sunburns"])
    assert (cast.patient.version, cast.patient.changed_by) == (3, cast.ada)


def test_an_old_page_does_not_undo_what_a_colleague_changed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    path, fields = reverse("patients:edit", args=[cast.patient.pk]), opened(client, cast.patient)
    services.change_patient(actor=cast.ben, patient=cast.patient, family_name="Archer-Bell")
    assert client.post(path, fields | {"given_names": "Nella"}).status_code == 400
    cast.patient.refresh_from_db()
    assert (cast.patient.family_name, cast.patient.given_names) == ("Archer-Bell", "Nell")


def test_a_page_without_its_version_is_out_of_date(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    fields = opened(client, cast.patient)
    response = client.post(reverse("patients:edit", args=[cast.patient.pk]), fields | {"version": "", "given_names": "Nella"})
    assert response.status_code == 400
    assert "out of date" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told(transactional_db: None, cast: Cast) -> None:
    def change(actor: User) -> str:
        try:
            services.change_patient(actor=actor, patient=cast.patient, version=1, address=f"At {actor}'s")
        except ClinicError as refused:
            return refused.code
        return "saved"

    assert sorted(at_once(change, [cast.ada, cast.ben])) == ["changed_meanwhile", "saved"]
