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
from patients.models import AuditEntry, Image
from tests.cast import Cast
from tests.factories import make_dermatoscope, make_image
from tests.patients.answering import ANSWER, taken
from tests.test_routes import CASES, MADE, arguments, data_of

PATIENT = {
    "family_name": "Dale",
    "given_names": "Rue",
    "birth_date": "1980-02-03",
    "sex": "female",
    "record_number": "N9",
    "letter_language": "en",
    "version": "1",
}
LESION = {"site_key": "SCT:36141000", "laterality": "R"}

SIGNS = dict.fromkeys(
    [
        "change_in_size",
        "irregular_shape",
        "irregular_colour",
        "diameter_7_mm",
        "inflammation",
        "oozing",
        "change_in_sensation",
    ],
    "yes",
)
RULER = {"from_x_px": 10, "from_y_px": 20, "to_x_px": 110, "to_y_px": 20, "length_mm": 10}

Request = Callable[[Client, Cast], Any]


def overview(cast: Cast) -> Image:
    return make_image(cast.lesion, modality="macroscopic")


def paired(cast: Cast) -> Image:
    return make_image(cast.lesion, paired_with=overview(cast))


TRACES: list[tuple[str, str, Request, set[str]]] = [
    ("ada", "GET home", lambda c, _: c.get("/"), {"home.read"}),
    ("dana", "GET home", lambda c, _: c.get("/"), {"home.read"}),
    ("ada", "GET list", lambda c, _: c.get("/patients/"), {"patient.list"}),
    ("ada", "POST list", lambda c, _: c.post("/patients/", {"words": "arch"}), {"patient.list"}),
    ("ada", "GET patient", lambda c, s: c.get(s.patient.get_absolute_url()), {"patient.read"}),
    ("ada", "GET edit", lambda c, s: c.get(reverse("patients:edit", args=[s.patient.pk])), {"patient.read"}),
    ("ada", "POST new", lambda c, _: c.post(reverse("patients:new"), PATIENT), {"patient.create"}),
    ("ada", "POST edit", lambda c, s: c.post(reverse("patients:edit", args=[s.patient.pk]), PATIENT), {"patient.read", "patient.change"}),
    (
        "ada",
        "POST new, known already",
        lambda c, _: c.post(reverse("patients:new"), PATIENT | {"given_names": "Nell", "birth_date": "1970-05-17"}),
        {"patient.list"},
    ),
    ("dana", "GET consents", lambda c, s: c.get(reverse("patients:consents", args=[s.patient.pk])), {"patient.read"}),
    ("ada", "GET give", lambda c, s: c.get(reverse("patients:consent-give", args=[s.patient.pk, "care"])), {"patient.read"}),
    (
        "ada",
        "POST give",
        lambda c, s: c.post(reverse("patients:consent-give", args=[s.patient.pk, "care"]), {"given_on": "2026-03-01"}),
        {"consent.give"},
    ),
    (
        "ada",
        "GET withdraw",
        lambda c, s: c.get(reverse("patients:consent-withdraw", args=[s.patient.pk, "teleconsultation"])),
        {"patient.read"},
    ),
    (
        "ada",
        "POST withdraw",
        lambda c, s: c.post(reverse("patients:consent-withdraw", args=[s.patient.pk, "teleconsultation"])),
        {"consent.withdraw"},
    ),
    ("ada", "GET new lesion", lambda c, s: c.get(reverse("patients:lesion-new", args=[s.patient.pk])), {"patient.read"}),
    ("ada", "POST new lesion", lambda c, s: c.post(reverse("patients:lesion-new", args=[s.patient.pk]), LESION), {"lesion.create"}),
    ("ada", "GET change lesion", lambda c, s: c.get(reverse("patients:lesion-edit", args=[s.lesion.pk])), {"lesion.read"}),
    (
        "ada",
        "POST change lesion",
        lambda c, s: c.post(reverse("patients:lesion-edit", args=[s.lesion.pk]), LESION | {"version": "1"}),
        {"lesion.change"},
    ),
    ("ada", "GET checklist", lambda c, s: c.get(reverse("patients:checklist", args=[s.lesion.pk])), {"lesion.read"}),
    ("ada", "POST checklist", lambda c, s: c.post(reverse("patients:checklist", args=[s.lesion.pk]), SIGNS), {"checklist.record"}),
    ("dana", "GET side by side", lambda c, s: c.get(reverse("analysis:side-by-side", args=[s.patient.pk])), {"patient.compare-lesions"}),
    ("dana", "GET lesion", lambda c, s: c.get(s.lesion.get_absolute_url()), {"lesion.read"}),
    ("ada", "GET refer", lambda c, s: c.get(reverse("patients:refer", args=[s.lesion.pk])), {"lesion.read"}),
    (
        "ada",
        "POST refer",
        lambda c, s: c.post(
            reverse("patients:refer", args=[s.free_lesion.pk]), {"target_key": f"user-{s.emil.public_id}", "urgency": "soon"}
        ),
        {"case.draft", "case.send"},
    ),
    (
        "ada",
        "POST draft",
        lambda c, s: c.post(
            reverse("patients:refer", args=[s.free_lesion.pk]),
            {"target_key": f"user-{s.emil.public_id}", "urgency": "soon", "act": "draft"},
        ),
        {"case.draft"},
    ),
    ("ada", "GET cases", lambda c, _: c.get(reverse("patients:cases")), {"case.list"}),
    ("ada", "GET case", lambda c, s: c.get(s.case.get_absolute_url()), {"case.read"}),
    ("dana", "GET case", lambda c, s: c.get(s.case.get_absolute_url()), {"case.read"}),
    (
        "ada",
        "POST withdraw",
        lambda c, s: c.post(reverse("patients:case-withdraw", args=[s.case.pk]), {"reason": "Excised."}),
        {"case.discard"},
    ),
    (
        "ada",
        "POST readdress",
        lambda c, s: c.post(reverse("patients:case-readdress", args=[s.case.pk]), {"target_key": f"user-{s.emil.public_id}"}),
        {"case.readdress"},
    ),
    ("dana", "GET queue", lambda c, _: c.get(reverse("patients:queue")), {"queue.read"}),
    ("dana", "POST queue", lambda c, _: c.post(reverse("patients:queue"), {"urgency": "soon"}), {"queue.read"}),
    ("dana", "POST next", lambda c, _: c.post(reverse("patients:queue-next")), {"case.claim"}),
    ("dana", "GET file", lambda c, s: c.get(reverse("patients:image-file", args=[s.image.pk, "upright"])), {"image.read"}),
    ("ada", "GET access list", lambda c, s: c.get(reverse("patients:access-list", args=[s.patient.pk])), {"access.read"}),
    ("ada", "GET access list as CSV", lambda c, s: c.get(reverse("patients:access-download", args=[s.patient.pk])), {"access.export"}),
    ("ada", "GET letter", lambda c, s: c.get(reverse("analysis:letter", args=[s.case.pk, "referrer"])), {"letter.create"}),
    ("theo", "POST preferences", lambda c, _: c.post(reverse("patients:preferences"), {"language": "de"}), {"account.preferences"}),
    ("dana", "GET calibrate", lambda c, s: c.get(reverse("patients:calibrate", args=[s.image.pk])), {"lesion.read"}),
    ("dana", "POST calibrate", lambda c, s: c.post(reverse("patients:calibrate", args=[s.image.pk]), RULER), {"image.calibrate"}),
    (
        "ada",
        "POST pair",
        lambda c, s: c.post(reverse("patients:image-pair", args=[s.image.pk]), {"overview": overview(s).pk}),
        {"image.pair"},
    ),
    ("ada", "POST unpair", lambda c, s: c.post(reverse("patients:image-unpair", args=[paired(s).pk])), {"image.unpair"}),
    ("dana", "GET compare", lambda c, s: c.get(reverse("analysis:compare", args=[s.image.pk, overview(s).pk])), {"lesion.compare"}),
    ("dana", "GET review", lambda c, s: c.get(reverse("patients:review", args=[s.case.pk])), {"case.read"}),
    (
        "dana",
        "POST take",
        lambda c, s: c.post(reverse("patients:review-take", args=[s.case.pk])),
        {"case.claim"},
    ),
    ("dana", "GET ask", lambda c, s: c.get(reverse("patients:review-ask", args=[taken(s).pk])), {"case.claim", "case.read"}),
    (
        "dana",
        "POST draft",
        lambda c, s: c.post(reverse("patients:review-draft", args=[taken(s).pk]), ANSWER),
        {"case.claim", "answer.draft"},
    ),
    (
        "dana",
        "POST check",
        lambda c, s: c.post(reverse("patients:review", args=[taken(s).pk]), ANSWER | {"step": "check"}),
        {"case.claim", "answer.draft", "case.read"},
    ),
    (
        "dana",
        "POST sign",
        lambda c, s: c.post(reverse("patients:review", args=[taken(s).pk]), ANSWER | {"step": "sign"}),
        {"case.claim", "answer.sign"},
    ),
    ("dana", "GET findings", lambda c, s: c.get(reverse("analysis:case-findings", args=[s.case.pk])), {"findings.read"}),
    ("dana", "POST text block", lambda c, _: c.post(reverse("patients:text-blocks"), {"title": "a", "text": "b"}), {"text-block.create"}),
    ("ada", "GET histology", lambda c, s: c.get(reverse("patients:histology", args=[s.lesion.pk])), {"lesion.read"}),
    (
        "ada",
        "POST histology",
        lambda c, s: c.post(reverse("patients:histology", args=[s.lesion.pk]), {"diagnosis": "NV", "reported_on": "2026-04-01"}),
        {"histology.record"},
    ),
    (
        "ines",
        "POST break glass",
        lambda c, s: c.post(
            reverse("patients:break-glass"), {"practice": s.north.public_id, "record_number": "N1", "reason": "Complaint of the 3rd"}
        ),
        {"patient.break-glass"},
    ),
    (
        "ines",
        "POST switch off",
        lambda c, s: c.post(reverse("patients:person-act", args=[s.theo.public_id, "deactivate"])),
        {"account.deactivate"},
    ),
    (
        "ines",
        "POST password link",
        lambda c, s: c.post(reverse("patients:password-link", args=[s.theo.public_id])),
        {"account.password-link"},
    ),
    ("ines", "POST practice", lambda c, _: c.post(reverse("patients:practice-new"), {"name": "West"}), {"practice.create"}),
    (
        "ines",
        "POST pool",
        lambda c, s: c.post(reverse("patients:pool-new"), {"name": "Nails", "members": [s.dana.public_id]}),
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


def post(route: str, made: str, **data: str) -> Request:
    """To a route of `patients` with the key of a row that the table of routes makes."""
    return lambda client, cast: client.post(reverse(f"patients:{route}", args=[MADE[made](cast).pk]), data)


def get(route: str, made: str) -> Request:
    return lambda client, cast: client.get(reverse(f"patients:{route}", args=[MADE[made](cast).pk]))


TRACES += [
    (
        "ada",
        "POST keep",
        lambda c, s: c.post(
            reverse("patients:dermatoscope-keep", args=[MADE["measured_image"](s).pk]),
            {"name": "Lens", "measured": s.image.calibrations.get().pk},
        ),
        {"image.calibrate", "dermatoscope.create"},
    ),
    ("ben", "POST retire", post("dermatoscope-retire", "dermatoscope"), {"image.calibrate", "dermatoscope.create", "dermatoscope.retire"}),
    (
        "ben",
        "POST take scale",
        lambda c, s: c.post(reverse("patients:take-scale", args=[s.image.pk]), {"dermatoscope": make_dermatoscope(s.free_image).pk}),
        {"image.calibrate", "dermatoscope.create", "image.take-scale"},
    ),
    ("ada", "GET draft", get("case-edit", "draft"), {"case.read"}),
    ("ada", "POST discard draft", post("case-discard-draft", "draft"), {"case.discard"}),
    ("ada", "POST reply", post("case-reply", "asked", text="Since May."), {"case.reply"}),
    ("ada", "POST close", post("case-close", "answered"), {"case.close"}),
    ("ada", "POST end second opinion", post("case-end-second", "second"), {"case.second-opinion-withdraw"}),
    ("dana", "POST release", post("review-release", "claimed"), {"case.claim", "case.release"}),
    ("dana", "POST ask", post("review-ask", "claimed", text="Since when?"), {"case.claim", "case.ask"}),
    ("dana", "POST discard", post("review-discard", "claimed", reason="Sent twice."), {"case.claim", "case.discard"}),
    ("dana", "GET replace", get("review-replace", "signed"), {"case.claim", "answer.sign", "case.read"}),
    ("dana", "GET second opinion", get("review-second-opinion", "signed"), {"case.claim", "answer.sign", "case.read"}),
    ("dana", "GET impression", get("impression", "image_of_asking_practice"), {"lesion.read"}),
    (
        "dana",
        "POST impression",
        post("impression", "image_of_asking_practice", diagnosis="NV", certainty="possible"),
        {"impression.give"},
    ),
    ("dana", "POST change block", post("text-block", "block", title="Sun", text="Shade."), {"text-block.change"}),
    ("dana", "POST delete block", post("text-block-delete", "block"), {"text-block.delete"}),
    ("ines", "POST renew", post("invitation-renew", "invitation"), {"invitation.create", "invitation.renew"}),
    ("ines", "POST revoke", post("invitation-revoke", "invitation"), {"invitation.create", "invitation.revoke"}),
]


@pytest.mark.parametrize(("name", "what", "request_", "actions"), TRACES, ids=[f"{name} {what}" for name, what, _, _ in TRACES])
def test_every_read_and_write_leaves_its_trace(
    cast: Cast, client: Client, name: str, what: str, request_: Request, actions: set[str]
) -> None:
    client.force_login(cast.people[name])
    before = AuditEntry.objects.count()
    response = request_(client, cast)
    assert response.status_code in {200, 204, 302}
    assert response.getvalue() is not None  # reads and closes files
    new = AuditEntry.objects.order_by("id")[before:]
    assert {entry.action for entry in new} == actions
    assert {entry.actor_name for entry in new} == {name.capitalize()}


SILENT = {
    "analysis:explanation-status", "analysis:status", "patients:break-glass", "patients:dermatoscopes", "patients:invitations",
    "patients:invite", "patients:new", "patients:notifications", "patients:people", "patients:person", "patients:person-act",
    "patients:policies", "patients:pool", "patients:pool-new", "patients:pools", "patients:practice", "patients:practice-new",
    "patients:practices", "patients:preferences", "patients:queue-news", "patients:sla", "patients:text-block", "patients:text-blocks",
}  # fmt: skip
"""Their pages show nothing of a patient."""
SILENT_ACTS = {"analysis:compare-choice", "patients:image-unpair", "patients:notification-read", "patients:notifications-read"}
"""They change nothing of a record: one leads on to a page, one finds no pair to take apart."""


def test_no_page_and_no_act_is_forgotten(cast: Cast, client: Client) -> None:
    """Whatever stands in the table of routes leaves a trace of whoever came, unless it is named above."""
    for name, route in CASES:
        if name in (SILENT if route.method == "GET" else SILENT_ACTS):
            continue
        person = next(person for person, answer in route.answers.items() if answer < 400)
        client.force_login(cast.people[person])
        with transaction.atomic():
            path, data = reverse(name, args=arguments(cast, route.arguments)), data_of(cast, route)
            before = AuditEntry.objects.count()
            response = client.get(path) if route.method == "GET" else client.post(path, data)
            assert response.getvalue() is not None  # reads and closes files
            traces = {entry.actor_name for entry in AuditEntry.objects.order_by("id")[before:]}
            leads_on = route.method == "GET" and response.status_code == 302
            assert leads_on or traces == {person.capitalize()}, f"{route.method} {name}"
            transaction.set_rollback(True)


def test_lists_name_every_patient_they_showed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.get("/patients/")
    assert AuditEntry.objects.latest("id").detail == {"patients": [str(cast.patient.pk), str(cast.other_patient.pk)]}


def test_a_change_is_recorded_by_field_never_by_value(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.post(reverse("patients:edit", args=[cast.patient.pk]), PATIENT)
    entry = AuditEntry.objects.latest("id")
    assert entry.detail == {"fields": ["birth_date", "family_name", "given_names", "record_number"], "version": 2}


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
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patients_auditentry ENABLE TRIGGER patients_auditentry_no_truncate")  # tests' clean-up has it off
        audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
        connection.check_constraints()  # what is deferred to the commit happens now
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
