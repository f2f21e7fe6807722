"""More ways around the rules, tried from outside: each of them was open, or half open, once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import selectors, services
from patients.capture import CaptureFields
from patients.forms.fields import visible
from patients.letters.pdf import LINES_AT_ONCE, TEXT, _pieces, _register
from patients.models import AuditEntry, Case, CaseStatus, Image, Notification, Patient, Role
from patients.services.letters import find_fonts
from patients.views.audit import _shown
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_lesion, make_patient, make_user, upload
from tests.patients.answering import answered, opinion, taken
from tests.test_routes import CASES, IDS, Route, arguments

# --- What names something of somebody else's --------------------------------------------------------------------------


def test_pages_of_the_queue_begin_at_a_case_of_one_s_own(cast: Cast, client: Client) -> None:
    """Where somebody else's case stands is not told by what comes after it."""
    foreign = make_case(cast.southern_lesion, to_user=cast.emil)
    Case.objects.filter(pk=foreign.pk).update(stands_at=timezone.now().replace(year=2100))
    everything = selectors.queue_page(cast.dana)
    assert [row.case.pk for row in everything.rows] == [cast.case.pk]
    assert selectors.queue_page(cast.dana, after=foreign.pk) == everything
    client.force_login(cast.dana)
    page = client.post(reverse("patients:queue"), {"after": str(foreign.pk)}).content.decode()
    assert cast.case.lesion.patient.family_name in page


def test_pages_of_the_queue_go_on_behind_a_case_that_somebody_has_taken_meanwhile(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    later = make_case(cast.free_lesion, to_user=cast.dana)
    Case.objects.filter(pk=later.pk).update(stands_at=timezone.now().replace(year=2100))
    services.claim_case(actor=cast.emil, case=cast.pooled_case)
    assert [row.case.pk for row in selectors.queue_page(cast.dana, after=cast.pooled_case.pk).rows][-1] == later.pk


@pytest.mark.parametrize("addressed", ["{pool}", "-1", "99999999999999999999", "me' or 1=1"])
def test_the_queue_of_a_pool_is_its_members_own(cast: Cast, client: Client, addressed: str) -> None:
    client.force_login(cast.dana)
    response = client.post(reverse("patients:queue"), {"addressed": addressed.format(pool=cast.pool.pk)})
    assert response.status_code == 200
    assert str(cast.pooled_case.pk) not in response.content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example/", "/\\evil.example", "/\t/evil.example", "https://evil.example/", "javascript:alert(1)", "///evil.example"],
)
def test_an_impression_leads_nowhere_else(cast: Cast, client: Client, elsewhere: str) -> None:
    cast.north.asks_impression = True
    cast.north.save()
    client.force_login(cast.ada)
    path = reverse("patients:impression", args=[cast.image.pk])
    assert "evil" not in client.get(path, {"next": elsewhere}).content.decode()
    response = client.post(path, {"diagnosis": "NV", "certainty": "certain", "next": elsewhere})
    assert response.headers["Location"] == reverse("analysis:latest", args=[cast.image.pk])


# --- Verbs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "route"), [CASES[0], *CASES[5::9]], ids=[IDS[0], *IDS[5::9]])
def test_no_other_verb_does_anything(cast: Cast, client: Client, name: str, route: Route) -> None:
    client.force_login(cast.people[next(person for person, status in route.answers.items() if status < 400)])
    path = reverse(name, args=arguments(cast, route.arguments))
    before = AuditEntry.objects.count()
    for verb in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert client.generic(verb, path).status_code == 405, verb
    assert AuditEntry.objects.count() == before


# --- Signs that nobody sees -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("N1\u200b", "N1"),
        ("\ufeffN 1", "N 1"),
        ("N\u00a0\t1\n", "N 1"),
        ("Nell\u202eollO", "NellollO"),
        ("Nell\x0b\x1fArcher", "Nell Archer"),
        ("N1\u200d", "N1"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Müller-Lüdenscheid", "Müller-Lüdenscheid"),
        ("\u200b", ""),
    ],
)
def test_a_line_has_no_signs_that_nobody_sees(typed: str, kept: str) -> None:
    assert visible(typed) == kept


def patient_data(**changes: str) -> dict[str, str]:
    plain = {"family_name": "Dale", "given_names": "Rue", "birth_date": "1980-02-03", "sex": "female", "letter_language": "en"}
    return plain | {"record_number": "N1"} | changes


def test_a_record_number_that_looks_like_another_is_that_other(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    response = client.post(reverse("patients:new"), patient_data(record_number="N1\u200b"))
    assert response.status_code == 400
    assert not Patient.objects.filter(family_name="Dale").exists()
    response = client.post(reverse("patients:new"), patient_data(record_number="N7\u2028", given_names="Rue\u202e"))
    patient = Patient.objects.get(family_name="Dale")
    assert (response.status_code, patient.record_number, patient.given_names) == (302, "N7", "Rue")


def test_nothing_visible_is_no_name(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    response = client.post(reverse("patients:practice-new"), {"name": "\u200b\u202e"})
    assert response.status_code == 400
    response = client.post(reverse("patients:pool-new"), {"name": "Moles\u200b", "members": []})
    assert response.status_code in {400, 409}
    assert cast.pool.__class__.objects.count() == 1


# --- What leaves the house --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("\t=1+1", "'\t'=1+1"),
        ("Complaint;=HYPERLINK(1)", "Complaint;'=HYPERLINK(1)"),
        ("Complaint; @SUM(1)", "Complaint;' @SUM(1)"),
        ("two\n-lines", "two\n'-lines"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a-b; c=d", "a-b; c=d"),
        ("Ada Müller", "Ada Müller"),
        ("2026-11-22 08:00:00+00:00", "2026-11-22 08:00:00+00:00"),
    ],
)
def test_no_spreadsheet_runs_what_somebody_wrote(value: str, shown: str) -> None:
    assert _shown(value) == shown


def test_a_letter_of_thousands_of_lines_is_written_piece_by_piece() -> None:
    """In one it took half a minute of a web process, in which nobody else got a letter."""
    lines = "\n".join(f"line {number}" for number in range(2000))
    _register(find_fonts())
    pieces = _pieces(lines, TEXT)
    assert len(pieces) == 2000 // LINES_AT_ONCE
    assert [piece.style.spaceAfter for piece in pieces] == [0] * (len(pieces) - 1) + [TEXT.spaceAfter]


# --- What cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1969, 12, 31)])
def test_nobody_is_photographed_before_they_are_born(cast: Cast, day: date) -> None:
    lesion = make_lesion(make_patient(cast.north, created_by=cast.ada, birth_date=date(1970, 1, 1), record_number="N8"))
    prepared = services.prepare_image(actor=cast.ada, lesion=lesion, upload=upload(jpeg_bytes()))
    capture = CaptureFields(modality="dermoscopic", taken_on=day)
    with pytest.raises(ClinicError) as refused:
        services.add_image(actor=cast.ada, lesion=lesion, prepared=prepared, capture=capture)
    assert refused.value.code == "taken_before_birth"
    assert not Image.objects.filter(lesion=lesion).exists()


def test_a_second_click_changes_nothing(cast: Cast, client: Client) -> None:
    case = answered(cast)
    client.force_login(cast.ada)
    path = reverse("patients:case-close", args=[case.pk])
    assert [client.post(path).status_code for _ in range(2)] == [302, 400]
    assert case.events.filter(kind="closed").count() == 1


# --- Who hears of it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["switched off", "moved"])
def test_an_answer_reaches_the_practice_whoever_asked(cast: Cast, how: str) -> None:
    asker: Any = cast.case.by
    asker.is_active, asker.practice = (False, asker.practice) if how == "switched off" else (True, cast.south)
    asker.save()
    other = make_user("gail", role=Role.GP, practice=cast.north)
    services.sign_answer(actor=cast.dana, case=taken(cast), opinion=opinion())
    told = set(Notification.objects.filter(case=cast.case, kind="case_answered").values_list("to__username", flat=True))
    assert other.username in told
    assert asker.username not in told
    assert Case.objects.get(pk=cast.case.pk).status == CaseStatus.ANSWERED
