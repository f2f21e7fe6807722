"""Lesions: added, changed by two people, asked about by the checklist, and what their pages say."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.models import AuditEntry, Checklist, Histology, Lesion, User
from patients.services.lesions import SIGNS
from patients.sites import body_sites
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_lesion

CHEEK = body_sites()["SCT:36141000"]
LEFT_BREAST = body_sites()["FMA:61439"]
TYPED: dict[str, Any] = {"site_key": "SCT:36141000", "laterality": "L", "version": "1"}
FACTS: dict[str, Any] = {
    "site": CHEEK,
    "laterality": "L",
    "first_noticed": None,
    "first_noticed_roughly": False,
    "symptoms": [],
    "note": "",
}
TOMORROW = timezone.localdate() + timedelta(days=1)
IMPOSSIBLE = {"before the birth": (date(1970, 5, 16), "before the patient was born"), "tomorrow": (TOMORROW, "in the future")}


def edit(lesion: Lesion) -> str:
    return reverse("patients:lesion-edit", args=[lesion.pk])


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# --- Facts ------------------------------------------------------------------------------------------------------------


def test_a_lesion_is_added_with_all_that_is_known(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    typed = TYPED | {"first_noticed": "2024-03-01", "first_noticed_roughly": "on", "symptoms": ["itching", "growing"], "note": "New."}
    response = client.post(reverse("patients:lesion-new", args=[cast.patient.pk]), typed)
    lesion = Lesion.objects.get(patient=cast.patient, number=3)
    assert response["Location"] == lesion.get_absolute_url()
    page = text(client, lesion.get_absolute_url())
    assert "roughly March 2024" in page
    assert "Itches, Grows" in page


def test_a_day_that_is_known_is_shown_to_the_day(cast: Cast, client: Client) -> None:
    Lesion.objects.filter(pk=cast.lesion.pk).update(first_noticed=date(2024, 3, 9))
    client.force_login(cast.ada)
    page = text(client, cast.lesion.get_absolute_url())
    assert "9 March 2024" in page
    assert "roughly" not in page


def test_without_a_date_nothing_is_rough(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.post(reverse("patients:lesion-new", args=[cast.patient.pk]), TYPED | {"first_noticed_roughly": "on"})
    assert Lesion.objects.get(patient=cast.patient, number=3).first_noticed_roughly is False


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_day_is_refused_wherever_it_comes_from(cast: Cast, client: Client, name: str) -> None:
    day, words = IMPOSSIBLE[name]
    before = list(Lesion.objects.values())
    client.force_login(cast.ada)
    for path in (reverse("patients:lesion-new", args=[cast.patient.pk]), edit(cast.lesion)):
        response = client.post(path, TYPED | {"first_noticed": day.isoformat(), "note": "typed"})
        assert response.status_code == 400
        assert words in response.content.decode()
        assert "typed" in response.content.decode()
    with pytest.raises(ClinicError, match=words):
        services.add_lesion(actor=cast.ada, patient=cast.patient, site=CHEEK, laterality="L", first_noticed=day)
    with pytest.raises(ClinicError, match=words):
        services.change_lesion(actor=cast.ada, lesion=cast.lesion, version=1, **FACTS | {"first_noticed": day})
    assert list(Lesion.objects.values()) == before


def test_the_day_of_birth_is_possible(cast: Cast) -> None:
    services.add_lesion(actor=cast.ada, patient=cast.patient, site=CHEEK, laterality="L", first_noticed=cast.patient.birth_date)


def test_a_site_of_the_left_breast_is_not_on_the_right(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    response = client.post(reverse("patients:lesion-new", args=[cast.patient.pk]), TYPED | {"site_key": LEFT_BREAST.key, "laterality": "R"})
    assert response.status_code == 400
    assert "one of the left side" in response.content.decode()
    assert Lesion.objects.filter(patient=cast.patient).count() == 2


@pytest.mark.parametrize(
    "change", [{"symptoms": ["sneezing"]}, {"note": "x" * 2001}, {"note": "a\0b"}, {"site_key": "SCT:1"}, {"laterality": "X"}]
)
def test_what_nobody_can_choose_is_refused(cast: Cast, client: Client, change: dict[str, Any]) -> None:
    client.force_login(cast.ada)
    assert client.post(edit(cast.lesion), TYPED | change).status_code == 400
    cast.lesion.refresh_from_db()
    assert cast.lesion.version == 1


# --- Changing ---------------------------------------------------------------------------------------------------------


def test_a_change_counts_and_says_who(cast: Cast, client: Client) -> None:
    client.force_login(cast.ben)
    response = client.post(
        edit(cast.lesion), TYPED | {"laterality": "R", "symptoms": ["bleeding"], "note": "Bleeds on shaving."}, follow=True
    )
    assert "Last changed by Ben" in response.content.decode()
    cast.lesion.refresh_from_db()
    assert (cast.lesion.laterality, cast.lesion.symptoms, cast.lesion.version, cast.lesion.changed_by) == ("R", ["bleeding"], 2, cast.ben)
    assert AuditEntry.objects.get(action="lesion.change").detail == {"fields": ["laterality", "note", "symptoms"], "version": 2}


def test_the_form_shows_what_is_saved(cast: Cast, client: Client) -> None:
    Lesion.objects.filter(pk=cast.lesion.pk).update(symptoms=["pain"], note="Since the fall.", first_noticed=date(2024, 3, 9))
    client.force_login(cast.ada)
    page = text(client, edit(cast.lesion))
    assert re.search(r'value="pain"[^>]*checked', page)
    assert "Since the fall." in page
    assert 'value="2024-03-09"' in page
    assert re.search(r'name="version" value="1"', page)


def test_saving_without_a_change_leaves_no_trace(cast: Cast) -> None:
    services.change_lesion(actor=cast.ada, lesion=cast.lesion, version=1, **FACTS)
    cast.lesion.refresh_from_db()
    assert (cast.lesion.version, AuditEntry.objects.count()) == (1, 0)


def test_the_second_of_two_is_told_and_loses_nothing(cast: Cast, client: Client) -> None:
    services.change_lesion(actor=cast.ben, lesion=cast.lesion, version=1, **FACTS | {"note": "Ben was here."})
    client.force_login(cast.ada)
    response = client.post(edit(cast.lesion), TYPED | {"note": "What Ada typed."})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Ben changed note on" in page
    assert "Ben was here." in page
    assert "What Ada typed." in page
    cast.lesion.refresh_from_db()
    assert (cast.lesion.note, cast.lesion.version) == ("Ben was here.", 2)


def test_having_seen_the_other_change_the_second_may_save(cast: Cast, client: Client) -> None:
    services.change_lesion(actor=cast.ben, lesion=cast.lesion, version=1, **FACTS | {"note": "Ben was here."})
    client.force_login(cast.ada)
    page = client.post(edit(cast.lesion), TYPED | {"note": "Both."}).content.decode()
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    assert client.post(edit(cast.lesion), TYPED | {"note": "Both.", "version": found[1]}).status_code == 302
    cast.lesion.refresh_from_db()
    assert (cast.lesion.note, cast.lesion.version) == ("Both.", 3)


def test_a_page_that_does_not_say_what_it_showed_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert client.post(edit(cast.lesion), TYPED | {"note": "x", "version": ""}).status_code == 409
    cast.lesion.refresh_from_db()
    assert cast.lesion.note == ""


def test_a_change_is_for_gps_of_the_practice(cast: Cast) -> None:
    for person in (cast.dana, cast.ines, cast.theo):
        with pytest.raises(ClinicError):
            services.change_lesion(actor=person, lesion=cast.lesion, version=1, **FACTS | {"note": "x"})
    with pytest.raises(Http404):
        services.change_lesion(actor=cast.cleo, lesion=cast.lesion, version=1, **FACTS | {"note": "x"})
    assert not AuditEntry.objects.exists()


@pytest.fixture
def together(transactional_db: None, cast: Cast) -> Cast:
    return cast


def test_of_two_changes_at_once_one_is_made(together: Cast) -> None:
    start = Barrier(2)

    def change(actor: User) -> str:
        start.wait(timeout=20)
        try:
            services.change_lesion(actor=actor, lesion=together.lesion, version=1, **FACTS | {"note": f"By {actor}."})
        except ClinicError as refused:
            return refused.code
        else:
            return "made"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, [together.ada, together.ben])) == ["changed_meanwhile", "made"]
    together.lesion.refresh_from_db()
    assert together.lesion.note == f"By {together.lesion.changed_by}."
    assert AuditEntry.objects.filter(action="lesion.change").count() == 1


# --- The weighted 7-point checklist -----------------------------------------------------------------------------------

SCORES: list[tuple[set[str], int]] = [
    (set(), 0),
    ({"change_in_size"}, 2),
    ({"irregular_shape"}, 2),
    ({"irregular_colour"}, 2),
    ({"diameter_7_mm"}, 1),
    ({"inflammation"}, 1),
    ({"oozing"}, 1),
    ({"change_in_sensation"}, 1),
    ({"change_in_size", "oozing"}, 3),
    ({"diameter_7_mm", "inflammation"}, 2),
    ({"diameter_7_mm", "inflammation", "oozing"}, 3),
    ({"diameter_7_mm", "inflammation", "oozing", "change_in_sensation"}, 4),
    ({"change_in_size", "irregular_shape", "irregular_colour"}, 6),
    (set(SIGNS), 10),
]


def answers(present: set[str]) -> dict[str, bool]:
    return {sign: sign in present for sign in SIGNS}


@pytest.mark.parametrize(("present", "score"), SCORES, ids=[f"{'+'.join(sorted(present)) or 'none'}" for present, _ in SCORES])
def test_the_score_is_counted_as_by_hand(cast: Cast, client: Client, present: set[str], score: int) -> None:
    client.force_login(cast.ada)
    typed = {sign: "yes" if sign in present else "no" for sign in SIGNS}
    page = client.post(reverse("patients:checklist", args=[cast.lesion.pk]), typed, follow=True).content.decode()
    kept = Checklist.objects.get(lesion=cast.lesion)
    assert (kept.score, kept.is_urgent, kept.by) == (score, score >= 3, cast.ada)
    assert f"<strong>{score} of 10</strong>" in page
    assert ("urgent referral is advised" in page) == (score >= 3)


def test_nothing_is_chosen_beforehand(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = text(client, reverse("patients:checklist", args=[cast.lesion.pk]))
    assert page.count('type="radio"') == 14
    assert "checked" not in page


def test_a_question_left_out_is_not_a_no(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    typed = dict.fromkeys(SIGNS[:-1], "yes")
    response = client.post(reverse("patients:checklist", args=[cast.lesion.pk]), typed)
    assert response.status_code == 400
    assert "Answer yes or no." in response.content.decode()
    assert response.content.decode().count("checked") == 6
    with pytest.raises(ClinicError, match="all seven"):
        services.record_checklist(actor=cast.ada, lesion=cast.lesion, signs=dict.fromkeys(SIGNS[:-1], True))
    assert not Checklist.objects.exists()


def test_another_visit_is_another_row_and_the_newest_counts(cast: Cast, client: Client) -> None:
    services.record_checklist(actor=cast.ada, lesion=cast.lesion, signs=answers({"oozing"}))
    services.record_checklist(actor=cast.ben, lesion=cast.lesion, signs=answers({"change_in_size", "oozing"}))
    client.force_login(cast.dana)
    page = text(client, cast.lesion.get_absolute_url())
    assert page.index("3 of 10") < page.index("Earlier answers (1)") < page.index("1 of 10")
    assert reverse("patients:checklist", args=[cast.lesion.pk]) not in page  # Dana has not got the patient in front of her


def test_answers_are_never_changed(cast: Cast) -> None:
    kept = services.record_checklist(actor=cast.ada, lesion=cast.lesion, signs=answers(set()))
    with pytest.raises(DatabaseError), transaction.atomic():
        Checklist.objects.filter(pk=kept.pk).update(oozing=True)


def test_an_urgent_score_leads_to_the_referral_for_those_who_refer(cast: Cast, client: Client) -> None:
    services.record_checklist(actor=cast.ada, lesion=cast.free_lesion, signs=answers({"change_in_size", "oozing"}))
    client.force_login(cast.ada)
    page = text(client, cast.free_lesion.get_absolute_url())
    advice = page[page.index("checklist-advice") :]
    assert reverse("patients:refer", args=[cast.free_lesion.pk]) in advice


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_the_newest_histology_is_on_the_page_of_the_lesion(cast: Cast, client: Client) -> None:
    common: dict[str, Any] = {"lesion": cast.lesion, "by": cast.dana}
    Histology.objects.create(diagnosis="NV", reported_on=date(2026, 3, 1), at=timezone.now() - timedelta(days=1), **common)
    Histology.objects.create(diagnosis="MEL", breslow_mm="0.80", reported_on=date(2026, 3, 4), **common)
    client.force_login(cast.ada)
    page = text(client, cast.lesion.get_absolute_url())
    assert "<strong>Melanoma</strong>, Breslow thickness 0.80 mm" in page
    facts = page[: page.index("Timeline")]
    assert "Melanocytic naevus" not in facts, "the corrected finding stands in the timeline alone"


def test_the_patients_page_marks_each_visible_lesion_on_the_map(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = text(client, cast.patient.get_absolute_url())
    assert page.count('class="bodymap-dot"') == 2
    assert "<title>Lesion 2: Left cheek</title>" in page
    client.force_login(cast.dana)
    seen = text(client, cast.patient.get_absolute_url())
    assert seen.count('class="bodymap-dot"') == 1
    assert cast.pooled_lesion.get_absolute_url() not in seen


def test_the_drawing_is_written_with_full_stops_in_every_language(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    english = text(client, cast.patient.get_absolute_url())
    german = client.get(cast.patient.get_absolute_url(), headers={"Accept-Language": "de"}).content.decode()
    for drawing in (english, german):
        assert not re.search(r'(?:cx|cy|x|y)="\d+,\d', drawing)


def test_the_new_lesion_page_offers_the_whole_list_first_and_then_the_map(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = text(client, reverse("patients:lesion-new", args=[cast.patient.pk]))
    assert all(f'<option value="{site}"' in page for site in body_sites())
    assert page.index('name="site_key"') < page.index("data-bodymap")
    assert 'aria-label="Left thigh, front"' in page
    assert "Inside of the mouth" in page


@pytest.mark.parametrize("name", ["patients:lesion", "patients:lesion-edit", "patients:checklist"])
def test_the_number_of_queries_does_not_grow(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.ada)
    path = reverse(name, args=[cast.lesion.pk])
    services.record_checklist(actor=cast.ada, lesion=cast.lesion, signs=answers(set()))
    Histology.objects.create(lesion=cast.lesion, by=cast.dana, diagnosis="NV", reported_on=date(2026, 3, 1))
    with CaptureQueriesContext(connection) as before:
        text(client, path)
    for _ in range(4):
        make_lesion(cast.patient)
        services.record_checklist(actor=cast.ben, lesion=cast.lesion, signs=answers(set()))
        Histology.objects.create(lesion=cast.lesion, by=cast.dana, diagnosis="NV", reported_on=date(2026, 3, 1))
    with CaptureQueriesContext(connection) as after:
        text(client, path)
    assert len(after) == len(before) <= 12
