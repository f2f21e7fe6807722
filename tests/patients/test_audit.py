"""The trail: one row for every read and write, and no way to change one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from patients import audit
from patients.models import AuditEntry
from tests.cast import Cast

PATIENT = {"family_name": "Dale", "given_names": "Rue", "birth_date": "1980-02-03", "sex": "female", "record_number": "N9"}
LESION = {"site_key": "SCT:36141000", "laterality": "R"}

Request = Callable[[Client, Cast], Any]

TRACES: list[tuple[str, str, Request, set[str]]] = [
    ("ada", "GET home", lambda c, _: c.get("/"), {"home.read"}),
    ("dana", "GET home", lambda c, _: c.get("/"), {"home.read"}),
    ("ada", "GET list", lambda c, _: c.get("/patients/"), {"patient.list"}),
    ("ada", "POST list", lambda c, _: c.post("/patients/", {"words": "arch"}), {"patient.list"}),
    ("ada", "GET patient", lambda c, s: c.get(s.patient.get_absolute_url()), {"patient.read"}),
    ("ada", "GET edit", lambda c, s: c.get(reverse("patients:edit", args=[s.patient.pk])), {"patient.read"}),
    ("ada", "POST new", lambda c, _: c.post(reverse("patients:new"), PATIENT), {"patient.create"}),
    ("ada", "POST edit", lambda c, s: c.post(reverse("patients:edit", args=[s.patient.pk]), PATIENT), {"patient.read", "patient.change"}),
    ("ada", "GET new lesion", lambda c, s: c.get(reverse("patients:lesion-new", args=[s.patient.pk])), {"patient.read"}),
    ("ada", "POST new lesion", lambda c, s: c.post(reverse("patients:lesion-new", args=[s.patient.pk]), LESION), {"lesion.create"}),
    ("dana", "GET lesion", lambda c, s: c.get(s.lesion.get_absolute_url()), {"lesion.read"}),
    ("ada", "GET refer", lambda c, s: c.get(reverse("patients:refer", args=[s.lesion.pk])), {"lesion.read"}),
    (
        "ada",
        "POST refer",
        lambda c, s: c.post(reverse("patients:refer", args=[s.free_lesion.pk]), {"target_key": f"user-{s.emil.pk}", "urgency": "soon"}),
        {"case.draft", "case.send"},
    ),
    ("dana", "GET file", lambda c, s: c.get(reverse("patients:image-file", args=[s.image.pk, "upright"])), {"image.read"}),
    (
        "ines",
        "POST break glass",
        lambda c, s: c.post(
            reverse("patients:break-glass"), {"practice": s.north.pk, "record_number": "N1", "reason": "Complaint of the 3rd"}
        ),
        {"patient.break-glass"},
    ),
    (
        "ines",
        "POST switch off",
        lambda c, s: c.post(reverse("patients:person-act", args=[s.theo.pk, "deactivate"])),
        {"account.deactivate"},
    ),
    ("ines", "POST password link", lambda c, s: c.post(reverse("patients:password-link", args=[s.theo.pk])), {"account.password-link"}),
    ("ines", "POST practice", lambda c, _: c.post(reverse("patients:practice-new"), {"name": "West"}), {"practice.create"}),
    (
        "ines",
        "POST pool",
        lambda c, s: c.post(reverse("patients:pool-new"), {"name": "Nails", "members": [s.dana.pk]}),
        {"pool.create", "pool.change"},
    ),
    ("ines", "POST policies", lambda c, _: c.post(reverse("patients:policies"), {"roles": ["GP"]}), {"rolepolicy.change"}),
    (
        "ines",
        "POST invite",
        lambda c, _: c.post(reverse("patients:invite"), {"email": "hal@example.org", "display_name": "Hal", "role": "DERMATOLOGIST"}),
        {"invitation.create"},
    ),
]


@pytest.mark.parametrize(("name", "what", "request_", "actions"), TRACES, ids=[f"{name} {what}" for name, what, _, _ in TRACES])
def test_every_read_and_write_leaves_its_trace(
    cast: Cast, client: Client, name: str, what: str, request_: Request, actions: set[str]
) -> None:
    client.force_login(cast.people[name])
    before = AuditEntry.objects.count()
    response = request_(client, cast)
    assert response.status_code in {200, 302}
    assert response.getvalue() is not None  # reads and closes files
    new = AuditEntry.objects.order_by("id")[before:]
    assert {entry.action for entry in new} == actions
    assert {entry.actor_name for entry in new} == {name.capitalize()}


def test_lists_name_every_patient_they_showed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.get("/patients/")
    assert AuditEntry.objects.latest("id").detail == {"patients": [str(cast.patient.pk), str(cast.other_patient.pk)]}


def test_a_change_is_recorded_by_field_never_by_value(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.post(reverse("patients:edit", args=[cast.patient.pk]), PATIENT)
    entry = AuditEntry.objects.latest("id")
    assert entry.detail == {"fields": ["birth_date", "family_name", "given_names", "record_number"]}


def test_logging_in_and_out_leaves_traces(cast: Cast, client: Client) -> None:
    client.post(reverse("account_login"), {"login": "ada", "password": "wrong"})
    client.post(reverse("account_login"), {"login": "nobody at all", "password": "wrong"})
    client.post(reverse("account_login"), {"login": "ada", "password": "ada"})
    client.post(reverse("account_logout"))
    entries = AuditEntry.objects.order_by("id").values_list("action", "actor_name", "object_id")
    person = str(cast.ada.pk)
    assert list(entries) == [
        ("account.login-failed", "nobody", person),
        ("account.login", "Ada", person),
        ("account.logout", "Ada", person),
    ]


def test_a_wrong_password_for_an_address_leaves_a_trace_too(cast: Cast, client: Client) -> None:
    cast.ada.email = "ada@example.org"
    cast.ada.save()
    client.post(reverse("account_login"), {"login": "Ada@Example.org", "password": "wrong"})
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == ("account.login-failed", str(cast.ada.pk))


def test_a_new_password_leaves_a_trace(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    new = {"oldpassword": "ada", "password1": "a long new phrase", "password2": "a long new phrase"}
    client.post(reverse("account_change_password"), new)
    assert AuditEntry.objects.filter(action="account.password", actor=cast.ada).count() == 1


def test_names_are_copied_so_that_the_trail_stays_readable(cast: Cast) -> None:
    entry = audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
    cast.ada.display_name = "Ada Married"
    cast.ada.save()
    entry.refresh_from_db()
    assert entry.actor_name == "Ada"


def test_the_patient_is_found_from_whatever_was_touched(cast: Cast) -> None:
    for touched in (cast.patient, cast.lesion, cast.image):
        assert audit.record(actor=cast.ada, action="x.read", obj=touched).patient == cast.patient
    assert audit.record(actor=cast.ada, action="x.read", obj=cast.ada).patient is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patients_auditentry SET actor_name = 'somebody else'",
        "DELETE FROM patients_auditentry",
        "TRUNCATE patients_auditentry",
    ],
)
def test_the_database_refuses_to_change_the_trail(cast: Cast, statement: str) -> None:
    audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patients_auditentry ENABLE TRIGGER patients_auditentry_no_truncate")  # tests' clean-up has it off
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
    assert AuditEntry.objects.count() == 1


def test_the_model_cannot_change_the_trail_either(cast: Cast) -> None:
    entry = audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
    entry.action = "patient.nothing"
    for change in (entry.save, entry.delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.parametrize("name", ["cleo", "dana", "ines", "theo"])
def test_a_refusal_leaves_no_trace_of_a_reading(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.people[name])
    assert client.get(reverse("patients:image-file", args=[cast.pooled_image.pk, "original"])).status_code in {403, 404}
    assert client.post(reverse("patients:lesion-new", args=[cast.patient.pk]), LESION).status_code in {403, 404}
    upload = SimpleUploadedFile("x.jpg", b"x")
    assert client.post(reverse("patients:lesion", args=[cast.lesion.pk]), {"image": upload}).status_code in {403, 404, 405}
    assert not AuditEntry.objects.exists()
