"""What a patient is shown of the trail: who has seen or changed the record, in words, and nothing of anybody else."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients import audit, services
from patients.models import AuditEntry, Patient
from patients.views import audit as views
from tests.cast import Cast
from tests.factories import make_user


def shown(client: Client, patient: Patient, query: str = "") -> str:
    response = client.get(reverse("patients:access-list", args=[patient.pk]) + query)
    assert response.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[1])).split())


def downloaded(client: Client, patient: Patient) -> list[dict[str, Any]]:
    response = client.get(reverse("patients:access-download", args=[patient.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="access-list.csv"'
    assert response["Cache-Control"] == "private, no-store"
    return list(csv.DictReader(response.getvalue().decode("utf-8-sig").splitlines()))


@pytest.fixture
def as_ada(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ada)
    return client


def test_it_says_who_when_as_what_and_what_newest_first(cast: Cast, as_ada: Client) -> None:
    client = as_ada
    audit.record(actor=cast.dana, action="lesion.read", obj=cast.lesion)
    audit.record(actor=cast.ben, action="patient.change", obj=cast.patient, detail={"fields": ["family_name"]})
    text = shown(client, cast.patient)
    now = timezone.localtime().strftime("%-d %b %Y")
    assert f"{now} " in text
    order = [
        "Ada General practitioner opened the list of who has seen the record",
        "Ben General practitioner changed the patient's record (family name)",
        "Dana Dermatologist opened a lesion",
    ]
    assert [text.find(line) for line in order] == sorted(text.find(line) for line in order)
    assert -1 not in [text.find(line) for line in order]


def test_lists_and_first_pages_that_showed_the_patient_are_in_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    client.get("/")
    client.force_login(cast.ben)
    client.get("/patients/")
    client.post("/patients/", {"words": "Bell"})  # shows the other patient alone
    client.force_login(cast.ada)
    text = shown(client, cast.patient)
    assert "Dana Dermatologist saw the patient's name on the first page after logging in" in text
    assert text.count("Ben General practitioner saw the patient's name in a list of patients") == 1
    assert "2 times" not in text
    assert "Dana" not in shown(client, cast.other_patient)


def test_an_opened_record_is_in_it_with_the_reason(cast: Cast, client: Client) -> None:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd of May")
    client.force_login(cast.ines)
    text = shown(client, cast.patient)
    assert "Ines Administrator opened the record with a recorded reason Reason: Complaint of the 3rd of May" in text
    assert [row["Reason"] for row in downloaded(client, cast.patient)][-1] == "Complaint of the 3rd of May"


def test_nothing_of_another_patient_is_in_it(cast: Cast, as_ada: Client) -> None:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N2", reason="Quite another matter")
    audit.record(actor=cast.cleo, action="patient.read", obj=cast.southern_patient)
    audit.record(actor=cast.dana, action="account.login", obj=cast.dana)
    text = shown(as_ada, cast.patient)
    assert not {"Ines", "Cleo", "Dana"} & set(text.split())


def test_what_the_machine_did_is_not_put_down_to_a_person(cast: Cast, as_ada: Client) -> None:
    audit.record(actor=AnonymousUser(), action="analysis.result", obj=cast.image)
    assert "skinclinic itself no person finished the computer analysis of a picture" in shown(as_ada, cast.patient)


def test_rows_from_before_roles_were_kept_say_so(cast: Cast, as_ada: Client) -> None:
    AuditEntry.objects.create(actor=cast.ben, actor_name="Ben", action="patient.read", object_type="x", object_id="1", patient=cast.patient)
    assert "Ben role not recorded opened the patient's record" in shown(as_ada, cast.patient)


def test_the_same_again_and_again_is_one_line_on_the_page_and_all_of_it_in_the_download(cast: Cast, as_ada: Client) -> None:
    noon = timezone.localtime().replace(hour=12, minute=0)
    for minute in (0, 5, 9):
        AuditEntry.objects.create(
            at=noon + timedelta(minutes=minute), actor=cast.ben, actor_name="Ben", actor_role="GP", action="image.read",
            object_type="x", object_id="1", patient=cast.patient,
        )  # fmt: skip
    assert "12:00–12:09 Ben General practitioner opened a picture, 3 times" in shown(as_ada, cast.patient)
    assert sum(row["What"] == "opened a picture" for row in downloaded(as_ada, cast.patient)) == 3


def test_many_acts_come_in_pages_or_all_at_once(cast: Cast, as_ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PER_PAGE", 4)
    for number in range(6):
        audit.record(actor=[cast.ben, cast.ada][number % 2], action="lesion.read", obj=cast.lesion)
    assert shown(as_ada, cast.patient).count("opened a lesion") == 3
    assert shown(as_ada, cast.patient, "?page=2").count("opened a lesion") == 4
    assert "Page 3 of 3" in shown(as_ada, cast.patient, "?page=99")
    assert "Page 1 of" in shown(as_ada, cast.patient, "?page=x")
    whole = shown(as_ada, cast.patient, "?all=1")
    assert whole.count("opened a lesion") == 6
    assert "Page" not in whole.split("What")[1]


def test_a_name_that_a_spreadsheet_would_run_is_defused(cast: Cast, as_ada: Client) -> None:
    rogue = make_user("rogue", role="DERMATOLOGIST")
    rogue.display_name = '=HYPERLINK("http://example.org","x")'
    audit.record(actor=rogue, action="lesion.read", obj=cast.lesion)
    assert downloaded(as_ada, cast.patient)[-1]["Who"].startswith("'=HYPERLINK")


@pytest.mark.parametrize("route", ["patients:access-list", "patients:access-download"])
def test_the_number_of_queries_does_not_grow_with_the_trail(cast: Cast, as_ada: Client, route: str) -> None:
    path = reverse(route, args=[cast.patient.pk])
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert as_ada.get(path).getvalue()
        counts.append(len(queries))
        for _ in range(20):
            audit.record(actor=cast.ben, action="lesion.read", obj=cast.lesion)
        services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    assert counts[0] == counts[1] <= 12


def test_the_patients_page_leads_there_for_those_who_may(cast: Cast, client: Client) -> None:
    link = reverse("patients:access-list", args=[cast.patient.pk])
    for name, is_there in (("ada", True), ("dana", False)):
        client.force_login(cast.people[name])
        assert (link in client.get(cast.patient.get_absolute_url()).content.decode()) is is_there
