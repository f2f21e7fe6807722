"""Answers: signed once, never changed, replaced by others; second opinions given blind; histology; impressions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import icd10, selectors, services
from patients.forms import AnswerForm, HistologyForm, SecondOpinionForm
from patients.models import Answer, AnswerDraft, AuditEntry, Case, CaseEvent, CaseStatus, Diagnosis, Notification, Role, TextBlock, User
from patients.sites import body_sites
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_case, make_user
from tests.patients.answering import ANSWER, answered, asked_again, opinion, taken

WATCHED: tuple[type[Model], ...] = (Answer, AnswerDraft, AuditEntry, CaseEvent, Notification, TextBlock)


def standing() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in WATCHED] + [list(Case.objects.order_by("pk").values())]


def refused(code: str | type[Exception], act: Any) -> None:
    before = standing()
    if isinstance(code, str):
        with pytest.raises(ClinicError) as refusal:
            act()
        assert refusal.value.code == code
    else:
        with pytest.raises(code):
            act()
    assert standing() == before


# --- Signing ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_signed_with_name_and_time_and_the_practice_is_told(cast: Cast) -> None:
    case = taken(cast)
    services.save_draft(actor=cast.dana, case=case, fields={"text": "half a"})
    before = timezone.now()
    answer = services.sign_answer(actor=cast.dana, case=case, opinion=opinion(text="All of it."))
    case.refresh_from_db()
    assert (case.status, answer.signed_name, answer.signed_by) == (CaseStatus.ANSWERED, "Dana", cast.dana)
    assert before <= answer.signed_at <= timezone.now()
    assert not AnswerDraft.objects.exists()
    assert Notification.objects.filter(to=cast.ada, kind=Notification.Kind.CASE_ANSWERED, case=case).count() == 1
    assert [event.kind for event in case.events.all()] == ["claimed", "answered"]


@pytest.mark.parametrize("name", ["ada", "cleo", "emil", "ines", "theo"])
def test_nobody_else_signs(cast: Cast, name: str) -> None:
    case = taken(cast)
    actor = cast.people[name]
    refused(Http404 if name == "emil" else "forbidden", lambda: services.sign_answer(actor=actor, case=case, opinion=opinion()))


@pytest.mark.parametrize("status", [CaseStatus.WAITING, CaseStatus.INFO_ASKED])
def test_only_a_case_under_review_is_answered(cast: Cast, status: str) -> None:
    case = make_case(cast.free_lesion, status, to_user=cast.dana)
    code = "not_claimed" if status == CaseStatus.WAITING else "case_moved_on"
    refused(code, lambda: services.sign_answer(actor=cast.dana, case=case, opinion=opinion()))


def test_a_discarded_case_is_gone_for_the_dermatologist(cast: Cast) -> None:
    case = taken(cast)
    services.discard_case(actor=cast.dana, case=case, reason="Sent twice.")
    refused("case_ended", lambda: services.sign_answer(actor=cast.dana, case=case, opinion=opinion()))
    refused(Http404, lambda: services.sign_answer(actor=cast.emil, case=case, opinion=opinion()))


def test_whoever_reads_a_case_as_it_is_withdrawn_is_told(cast: Cast, client: Client) -> None:
    case = make_case(cast.free_lesion, to_user=cast.dana)
    services.discard_case(actor=cast.ada, case=case, reason="Excised elsewhere.")
    client.force_login(cast.dana)
    kept = client.post(reverse("patients:review-draft", args=[case.pk]), {"text": "x"}, headers={"Accept": "application/json"})
    assert (kept.status_code, kept.json()["error"]["code"]) == (410, "case_ended")
    page = client.get(reverse("patients:review", args=[case.pk]))
    assert page.status_code == 410
    assert "The reason given: Excised elsewhere." in page.content.decode()
    assert str(cast.other_patient) not in page.content.decode()


def test_a_draft_that_was_never_sent_is_no_business_of_the_dermatologist(cast: Cast) -> None:
    case = services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    services.discard_draft(actor=cast.ada, case=case)
    refused(Http404, lambda: services.save_draft(actor=cast.dana, case=case, fields={}))


def test_what_was_signed_is_never_changed(cast: Cast) -> None:
    answer = answered(cast).answers.get()
    answer.text = "Something else"
    for change in (answer.save, answer.delete, lambda: Answer.objects.update(text="x")):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()
    assert Answer.objects.get().text == ""


def test_each_answer_replaces_the_one_before_and_all_are_kept(cast: Cast) -> None:
    case = answered(cast, text="one")
    for text in ("two", "three"):
        services.sign_answer(actor=cast.dana, case=case, opinion=opinion(text=text))
    chain = list(selectors.answers_for(cast.dana, case))
    assert [answer.text for answer in chain] == ["one", "two", "three"]
    assert [answer.supersedes_id for answer in chain] == [None, chain[0].pk, chain[1].pk]
    assert [answer.text for answer in case.answers.current()] == ["three"]
    assert list(case.events.values_list("kind", flat=True)) == ["claimed", "answered", "superseded", "superseded"]


def test_an_answer_can_still_be_replaced_when_the_case_is_closed(cast: Cast) -> None:
    case = answered(cast)
    services.close_case(actor=cast.ada, case=case)
    services.sign_answer(actor=cast.dana, case=case, opinion=opinion(diagnosis="MEL", icd10="C43.3"))
    case.refresh_from_db()
    assert (case.status, case.answers.current().get().diagnosis) == (CaseStatus.CLOSED, "MEL")


def test_the_second_window_is_told_and_replaces_nothing(cast: Cast) -> None:
    case = answered(cast)
    refused("answered_meanwhile", lambda: services.sign_answer(actor=cast.dana, case=case, opinion=opinion(text="late"), replaces=""))
    first = case.answers.get()
    services.sign_answer(actor=cast.dana, case=case, opinion=opinion(text="better"), replaces=str(first.pk))
    stale = str(first.pk)
    refused("answered_meanwhile", lambda: services.sign_answer(actor=cast.dana, case=case, opinion=opinion(), replaces=stale))


def test_a_late_draft_does_not_come_back_after_the_signature(cast: Cast) -> None:
    case = answered(cast)
    refused("answered_meanwhile", lambda: services.save_draft(actor=cast.dana, case=case, fields={"text": "late"}, replaces=""))


def test_drafts_belong_to_those_who_may_answer(cast: Cast) -> None:
    refused("forbidden", lambda: services.save_draft(actor=cast.dana, case=cast.case, fields={}))
    case = taken(cast)
    refused("forbidden", lambda: services.save_draft(actor=cast.ada, case=case, fields={}))
    refused(Http404, lambda: services.save_draft(actor=cast.emil, case=case, fields={}))


def test_a_draft_is_kept_once_and_its_beginning_is_on_the_trail(cast: Cast) -> None:
    case = taken(cast)
    for text in ("a", "ab", "abc"):
        services.save_draft(actor=cast.dana, case=case, fields={"text": text})
    assert AnswerDraft.objects.get().fields == {"text": "abc"}
    assert AuditEntry.objects.filter(action="answer.draft").count() == 1


def test_whoever_has_signed_can_be_switched_off_and_stays_readable(cast: Cast) -> None:
    case = answered(cast)
    cast.dana.display_name, cast.dana.is_active = "Dana Married", False
    cast.dana.save()
    answer = selectors.answers_for(cast.ada, case).get()
    assert answer.signed_name == "Dana"
    with pytest.raises(DatabaseError), transaction.atomic():
        cast.dana.delete()
    assert User.objects.filter(pk=cast.dana.pk).exists()
    refused("forbidden", lambda: services.sign_answer(actor=cast.dana, case=case, opinion=opinion()))


# --- Second opinion ---------------------------------------------------------------------------------------------------


def test_a_second_opinion_is_given_without_seeing_the_first(cast: Cast) -> None:
    case = asked_again(cast)
    assert not selectors.answers_for(cast.emil, case)
    assert selectors.answers_for(cast.dana, case).count() == 1
    services.sign_second_opinion(actor=cast.emil, case=case, opinion=opinion(diagnosis="MEL", icd10="C43.3"))
    case.refresh_from_db()
    assert case.status == CaseStatus.ANSWERED
    for reader in (cast.emil, cast.dana, cast.ada):
        assert [answer.is_second for answer in selectors.answers_for(reader, case)] == [False, True]
    assert set(Notification.objects.filter(kind="case_answered").values_list("to__username", flat=True)) >= {"ada", "dana"}


def test_whoever_answered_first_is_not_asked_again_even_through_a_pool(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    case = asked_again(cast)
    refused("forbidden", lambda: services.sign_second_opinion(actor=cast.dana, case=case, opinion=opinion()))
    assert services.part_of(cast.dana, case) == services.Part.FIRST


def test_a_pool_of_oneself_alone_is_nobody_else(cast: Cast) -> None:
    cast.pool.members.set([cast.dana, make_user("off", role=Role.DERMATOLOGIST, is_active=False)])
    case = answered(cast)
    for target in (cast.dana, cast.pool):
        refused("own_opinion", lambda target=target: services.ask_second_opinion(actor=cast.dana, case=case, to=target))
    refused("no_dermatologist", lambda: services.ask_second_opinion(actor=cast.dana, case=case, to=cast.ada))


def test_only_whoever_answered_asks_and_only_once(cast: Cast) -> None:
    case = taken(cast)
    refused("case_moved_on", lambda: services.ask_second_opinion(actor=cast.dana, case=case, to=cast.emil))
    services.sign_answer(actor=cast.dana, case=case, opinion=opinion())
    refused("forbidden", lambda: services.ask_second_opinion(actor=cast.ada, case=case, to=cast.emil))
    services.ask_second_opinion(actor=cast.dana, case=case, to=cast.emil)
    services.sign_second_opinion(actor=cast.emil, case=case, opinion=opinion())
    refused("second_opinion_given", lambda: services.ask_second_opinion(actor=cast.dana, case=case, to=cast.emil))


def test_a_second_opinion_can_be_replaced_by_its_author_alone(cast: Cast) -> None:
    gina = make_user("gina", role=Role.DERMATOLOGIST)
    cast.pool.members.add(gina)
    case = asked_again(cast)
    services.sign_second_opinion(actor=cast.emil, case=case, opinion=opinion(text="one"))
    refused("second_opinion_given", lambda: services.sign_second_opinion(actor=gina, case=case, opinion=opinion()))
    services.sign_second_opinion(actor=cast.emil, case=case, opinion=opinion(text="two"))
    assert [(answer.text, answer.is_second) for answer in case.answers.current()] == [("", False), ("two", True)]
    case.refresh_from_db()
    assert services.part_of(gina, case) is None


def test_the_form_does_not_offer_oneself(cast: Cast) -> None:
    assert f"user-{cast.dana.public_id}" not in SecondOpinionForm(cast.dana).targets
    assert not SecondOpinionForm(cast.dana, {"target_key": f"user-{cast.dana.public_id}"}).is_valid()
    assert SecondOpinionForm(cast.dana, {"target_key": f"pool-{cast.pool.public_id}"}).is_valid()


# --- Histology and text blocks ----------------------------------------------------------------------------------------


def test_a_histology_tells_those_of_its_case_and_of_no_other(cast: Cast) -> None:
    case = answered(cast)
    today = timezone.localdate()
    services.record_histology(actor=cast.ben, lesion=cast.lesion, case=case, diagnosis="MEL", reported_on=today)
    assert set(Notification.objects.filter(kind="histology").values_list("to__username", flat=True)) == {"ada", "dana"}
    with pytest.raises(Http404):
        services.record_histology(actor=cast.ben, lesion=cast.free_lesion, case=case, diagnosis="MEL", reported_on=today)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reported_on": (timezone.localdate() + timedelta(days=1)).isoformat()}, "reported_on"),
        ({"reported_on": "1969-01-01"}, "reported_on"),
        ({"reported_on": "2026-02-30"}, "reported_on"),
        ({"breslow_mm": "0.80", "diagnosis": "NV"}, "breslow_mm"),
        ({"breslow_mm": "0"}, "breslow_mm"),
        ({"breslow_mm": "-1"}, "breslow_mm"),
        ({"breslow_mm": "999"}, "breslow_mm"),
        ({"diagnosis": "OTHER"}, "other_diagnosis"),
        ({"diagnosis": "XX"}, "diagnosis"),
        ({"text": "x" * 5001}, "text"),
    ],
)
def test_an_impossible_histology_is_explained_beside_its_field(cast: Cast, change: dict[str, str], field: str) -> None:
    form = HistologyForm(cast.lesion, {"diagnosis": "MEL", "reported_on": "2026-01-05"} | change)
    assert list(form.errors) == [field]


def test_a_histology_of_a_melanoma_has_its_thickness(cast: Cast) -> None:
    form = HistologyForm(cast.lesion, {"diagnosis": "MEL", "reported_on": "2026-01-05", "breslow_mm": "0.8", "other_diagnosis": "dropped"})
    assert form.is_valid(), form.errors
    assert str(form.cleaned_data["breslow_mm"]) == "0.8"
    assert form.cleaned_data["other_diagnosis"] == ""


def test_text_blocks_are_ones_own(cast: Cast) -> None:
    block = services.save_text_block(actor=cast.dana, title="Sun", text="Protect your skin.")
    refused("title_taken", lambda: services.save_text_block(actor=cast.dana, title="Sun", text="Again."))
    refused("forbidden", lambda: services.save_text_block(actor=cast.emil, title="Sun", text="Mine.", block=block))
    refused("forbidden", lambda: services.delete_text_block(actor=cast.emil, block=block))
    refused("forbidden", lambda: services.save_text_block(actor=cast.ada, title="Sun", text="Protect."))
    services.save_text_block(actor=cast.emil, title="Sun", text="Protect it.")
    services.delete_text_block(actor=cast.dana, block=block)
    assert TextBlock.objects.get().owner == cast.emil


# --- The form and its codes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"diagnosis": ""}, "diagnosis"),
        ({"diagnosis": "MOLE"}, "diagnosis"),
        ({"diagnosis": "OTHER", "icd10": "L98.0"}, "other_diagnosis"),
        ({"diagnosis": "OTHER", "icd10": "", "other_diagnosis": "Pyogenic granuloma"}, "icd10"),
        ({"icd10": "melanoma"}, "icd10"),
        ({"icd10": "C4"}, "icd10"),
        ({"icd10": "C43.55555"}, "icd10"),
        ({"icd10": "<script>"}, "icd10"),
        ({"certainty": "sure"}, "certainty"),
        ({"management": "follow_up"}, "follow_up_months"),
        ({"management": "follow_up", "follow_up_months": "61"}, "follow_up_months"),
        ({"management": "follow_up", "follow_up_months": "0"}, "follow_up_months"),
        ({"management": "wait"}, "management"),
        ({"text": "x" * 5001}, "text"),
        ({"text": "a\0b"}, "text"),
    ],
)
def test_a_wrong_answer_is_explained_beside_its_field(cast: Cast, change: dict[str, str], field: str) -> None:
    form = AnswerForm(cast.lesion, ANSWER | change)
    assert list(form.errors) == [field]


def test_what_does_not_belong_is_dropped_and_the_code_is_completed(cast: Cast) -> None:
    form = AnswerForm(cast.lesion, ANSWER | {"diagnosis": "MEL", "icd10": " ", "follow_up_months": "99", "other_diagnosis": "mole"})
    assert form.is_valid(), form.errors
    assert form.opinion() == opinion(diagnosis="MEL", icd10="C43.3", text="A common mole.")


def test_a_code_is_written_as_people_write_it(cast: Cast) -> None:
    form = AnswerForm(cast.lesion, ANSWER | {"icd10": " c43.9 "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["icd10"] == "C43.9"


@pytest.mark.parametrize(
    ("diagnosis", "site", "code"),
    [
        ("MEL", "Skin of cheek", "C43.3"),
        ("MEL", "Skin of upper eyelid", "C43.1"),
        ("MEL", "Skin of lower lip", "C43.0"),
        ("MEL", "Skin of mid back", "C43.5"),
        ("MEL", "Nail unit of great toe", "C43.7"),
        ("BCC", "Skin of side of nose", "C44.3"),
        ("BCC", "Skin of ear lobule", "C44.2"),
        ("SCC", "Skin of vertex of scalp", "C44.4"),
        ("SCC", "Skin of posterior surface of forearm", "C44.6"),
        ("NV", "Skin of nasolabial fold", "D22.3"),
        ("NV", "Skin of anus", "D22.5"),
        ("DF", "Skin of anterior surface of lower leg", "D23.7"),
        ("NV", "Skin", "D22.9"),
        ("BKL", "Skin of cheek", "L82"),
        ("AK", "Skin of forehead", "L57.0"),
        ("VASC", "Mucosa of lower lip", "D18.0"),
        ("MEL", "Mucosa of lower lip", None),
        ("SCC", "Skin of vermilion proper of lower lip", None),
        ("MEL", "Skin of glans penis", None),
        ("OTHER", "Skin of cheek", None),
    ],
)
def test_codes_are_suggested_by_diagnosis_and_site(diagnosis: str, site: str, code: str | None) -> None:
    found = icd10.suggest(diagnosis, site)
    assert (found.code if found else None) == code


OUTSIDE = ("vermilion", "postauricular", "genitalia", "penis", "scrotum", "labium", "clitoris", "caruncle")


def test_every_suggestion_has_the_shape_of_a_code_and_every_site_of_skin_has_one(cast: Cast) -> None:
    none = [site.meaning for site in body_sites().values() if icd10.region_of(site.meaning) is None]
    assert not [meaning for meaning in none if meaning.startswith("Skin of ") and not any(word in meaning for word in OUTSIDE)]
    for site in body_sites().values():
        for diagnosis, code in icd10.suggestions(site.meaning).items():
            assert AnswerForm(cast.lesion, ANSWER | {"diagnosis": diagnosis, "icd10": code.code}).is_valid()
    assert set(icd10.suggestions("Skin of cheek")) == set(Diagnosis.values) - {"OTHER"}
