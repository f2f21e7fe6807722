"""The dermatologist's working page, the form in three steps, and the pages of histology, impressions and text blocks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.models import Answer, AnswerDraft, AuditEntry, Case, CaseStatus, Histology, Impression, RedFlag, TextBlock
from tests.cast import Cast
from tests.factories import WHEN, make_case, make_image
from tests.patients.answering import ANSWER, answered, asked_again, opinion, taken

SCRIPT = "<script>alert(1)</script>"


def review_of(case: Case) -> str:
    return reverse("patients:review", args=[case.pk])


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


# --- What it shows ----------------------------------------------------------------------------------------------------


def test_everything_that_matters_is_on_one_page(cast: Cast, client: Client) -> None:
    cast.patient.risk_factors, cast.patient.skin_type = ["melanoma_before"], 2
    cast.patient.save()
    cast.lesion.symptoms = ["itching"]
    cast.lesion.save()
    Case.objects.filter(pk=cast.case.pk).update(red_flags=[RedFlag.GROWING], checklist_score=4, question="Is it growing?")
    client.force_login(cast.dana)
    page = text(client, review_of(taken(cast)))
    for said in ("Preliminary: not signed", "Melanoma before", "usually burns", "Itches", "Grew within weeks", "4 of 10", "Is it growing?"):
        assert said in page
    assert reverse("patients:image-file", args=[cast.image.pk, "upright"]) in page
    assert reverse("analysis:case-findings", args=[cast.case.pk]) in page
    assert "data-sign " in page
    assert "C43.3" in page, "codes are suggested"


def test_dermoscopic_pictures_come_first(cast: Cast, client: Client) -> None:
    plain = make_image(cast.lesion, modality="macroscopic")
    close = make_image(cast.lesion)
    client.force_login(cast.dana)
    order = re.findall(r'data-picture="([^"]+)"', text(client, review_of(cast.case)))
    assert order == [str(close.pk), str(cast.image.pk), str(plain.pk)]


def test_a_case_nobody_has_taken_offers_to_take_it_and_no_form(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page = text(client, review_of(cast.case))
    assert "Take this case" in page
    assert "data-sign " not in page
    assert client.post(reverse("patients:review-take", args=[cast.case.pk])).status_code == 302
    assert "data-sign " in text(client, review_of(cast.case))


def test_a_colleague_in_the_pool_only_looks(cast: Cast, client: Client) -> None:
    cast.pool.members.add(cast.dana)
    services.claim_case(actor=cast.emil, case=cast.pooled_case)
    client.force_login(cast.dana)
    page = text(client, review_of(cast.pooled_case))
    assert "under review by Emil" in page
    assert "data-sign " not in page
    response = client.post(review_of(cast.pooled_case), ANSWER | {"step": "sign"})
    assert response.status_code == 400
    assert "A common mole." in response.content.decode()
    assert not Answer.objects.exists()


def test_the_cost_of_the_page_does_not_grow(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    case = answered(cast)
    with CaptureQueriesContext(connection) as before:
        text(client, review_of(case))
    for number in range(4):
        make_image(cast.lesion)
        services.sign_answer(actor=cast.dana, case=case, opinion=opinion(text=str(number)))
        services.record_histology(actor=cast.ada, lesion=cast.lesion, case=case, diagnosis="NV", reported_on=timezone.localdate())
    with CaptureQueriesContext(connection) as after:
        text(client, review_of(case))
    assert len(after) == len(before)
    assert len(after) <= 25


# --- Three steps to a signature ----------------------------------------------------------------------------------------


def test_what_is_shown_is_what_is_signed(cast: Cast, client: Client) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    typed = ANSWER | {"diagnosis": "MEL", "icd10": "", "management": "follow_up", "follow_up_months": "3", "text": 'Line "1"\r\nLine <2>'}
    checked = client.post(review_of(case), typed | {"step": "check"}).content.decode()
    assert "This is what you sign" in checked
    assert "C43.3 Malignant melanoma of skin: other and unspecified parts of face" in checked
    assert "Follow up in 3 months" in checked
    assert not Answer.objects.exists()
    assert AnswerDraft.objects.get().fields["text"] == typed["text"]
    sent = {name: hidden(checked, name) for name in ("diagnosis", "icd10", "certainty", "management", "follow_up_months", "replaces")}
    response = client.post(review_of(case), sent | {"text": typed["text"], "other_diagnosis": "", "step": "sign"})
    assert response.status_code == 302
    signed = Answer.objects.get()
    assert (signed.icd10, signed.follow_up_months, signed.text) == ("C43.3", 3, 'Line "1"\nLine <2>')
    page = text(client, review_of(case))
    assert "Signed by Dana" in page
    assert "Preliminary: not signed" not in page
    assert "Line &lt;2&gt;" in page


def test_one_may_go_back_and_change(cast: Cast, client: Client) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    page = client.post(review_of(case), ANSWER | {"step": "change"}).content.decode()
    assert "data-sign " in page
    assert "A common mole." in page
    assert not Answer.objects.exists()


@pytest.mark.parametrize("step", ["check", "sign"])
def test_a_mistake_is_explained_and_nothing_is_signed(cast: Cast, client: Client, step: str) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    response = client.post(review_of(case), ANSWER | {"icd10": "mole", "step": step})
    assert response.status_code == 400
    assert "Write the code like C43.5 or L82." in response.content.decode()
    assert not Answer.objects.exists()


def test_the_second_window_is_told_and_keeps_its_text(cast: Cast, client: Client) -> None:
    case = answered(cast)
    client.force_login(cast.dana)
    for step in ("check", "sign"):
        response = client.post(review_of(case), ANSWER | {"text": "Written in the other window.", "step": step})
        assert response.status_code == 400
        page = response.content.decode()
        assert "signed in another window" in page
        assert "Written in the other window." in page
    assert Answer.objects.count() == 1


def test_replacing_starts_with_what_was_signed_and_shows_both(cast: Cast, client: Client) -> None:
    case = answered(cast, text="First thought.")
    client.force_login(cast.dana)
    path = reverse("patients:review-replace", args=[case.pk])
    page = text(client, path)
    assert "Replace your answer" in page
    assert "First thought." in page
    sent = ANSWER | {"diagnosis": "BKL", "icd10": "L82", "replaces": hidden(page, "replaces"), "step": "sign"}
    assert client.post(path, sent).status_code == 302
    page = text(client, review_of(case))
    assert "Melanocytic naevus" in page
    assert "Benign keratosis" in page
    assert page.count('<span class="review-mark">replaced</span>') == 1


def test_drafts_are_kept_and_come_back_and_are_nobody_elses(cast: Cast, client: Client) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    typed = ANSWER | {"text": "Half a sen", "follow_up_months": "x", "csrfmiddlewaretoken": "t", "strange": "y"}
    assert client.post(reverse("patients:review-draft", args=[case.pk]), typed).status_code == 204
    assert set(AnswerDraft.objects.get().fields) == set(ANSWER) - {"replaces"}
    page = text(client, review_of(case))
    assert "Half a sen" in page
    assert "is restored" in page
    client.force_login(cast.ada)
    assert "Half a sen" not in text(client, cast.lesion.get_absolute_url())


def test_a_draft_of_an_answered_case_is_refused_in_words(cast: Cast, client: Client) -> None:
    case = answered(cast)
    client.force_login(cast.dana)
    response = client.post(reverse("patients:review-draft", args=[case.pk]), ANSWER, headers={"accept": "application/json"})
    assert response.status_code == 409
    assert "another window" in response.json()["error"]["message"]
    assert not AnswerDraft.objects.exists()


def test_what_people_write_is_shown_as_text(cast: Cast, client: Client) -> None:
    cast.dana.text_blocks.create(title=f"t{SCRIPT}", text=SCRIPT)
    case = taken(cast)
    client.force_login(cast.dana)
    typed = ANSWER | {"diagnosis": "OTHER", "other_diagnosis": SCRIPT, "icd10": "L98.0", "text": SCRIPT}
    assert SCRIPT not in client.post(review_of(case), typed | {"step": "check"}).content.decode()
    assert SCRIPT not in text(client, review_of(case))
    client.post(review_of(case), typed | {"step": "sign"})
    services.record_histology(
        actor=cast.ada, lesion=cast.lesion, diagnosis="OTHER", other_diagnosis=SCRIPT, text=SCRIPT, reported_on=timezone.localdate()
    )
    assert SCRIPT not in text(client, review_of(case))
    assert SCRIPT not in text(client, reverse("patients:text-blocks"))
    assert SCRIPT not in text(client, reverse("patients:histology", args=[cast.lesion.pk]))
    assert Answer.objects.get().text == SCRIPT


def test_a_very_long_text_is_kept_whole_and_a_longer_one_refused(cast: Cast, client: Client) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    response = client.post(review_of(case), ANSWER | {"text": "x" * 5001, "step": "sign"})
    assert response.status_code == 400
    assert "at most 5000" in response.content.decode()
    assert client.post(review_of(case), ANSWER | {"text": "x" * 5000, "step": "sign"}).status_code == 302
    assert len(Answer.objects.get().text) == 5000


# --- The case from here -----------------------------------------------------------------------------------------------


def test_the_next_case_is_taken_from_the_front(cast: Cast, client: Client) -> None:
    cast.pool.members.add(cast.dana)
    Case.objects.filter(pk=cast.pooled_case.pk).update(stands_at=WHEN)
    client.force_login(cast.dana)
    for case in (cast.pooled_case, cast.case):
        response = client.post(reverse("patients:queue-next"))
        assert response.headers["Location"] == review_of(case)
        case.refresh_from_db()
        assert (case.status, case.claimed_by) == (CaseStatus.CLAIMED, cast.dana)
    response = client.post(reverse("patients:queue-next"), follow=True)
    assert "Nothing waits in your queue" in response.content.decode()


ACTS: dict[str, tuple[dict[str, str], str]] = {
    "review-release": ({}, CaseStatus.WAITING),
    "review-ask": ({"text": "How long?"}, CaseStatus.INFO_ASKED),
    "review-discard": ({"reason": "Sent twice."}, CaseStatus.DISCARDED),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_case_can_be_put_back_asked_about_and_discarded(cast: Cast, client: Client, name: str) -> None:
    data, status = ACTS[name]
    case = taken(cast)
    client.force_login(cast.dana)
    assert client.post(reverse(f"patients:{name}", args=[case.pk]), data).status_code == 302
    case.refresh_from_db()
    assert case.status == status


def test_an_empty_question_is_refused_and_a_full_one_waits_for_its_answer(cast: Cast, client: Client) -> None:
    case = taken(cast)
    client.force_login(cast.dana)
    assert client.post(reverse("patients:review-ask", args=[case.pk]), {"text": " "}).status_code == 400
    client.post(reverse("patients:review-ask", args=[case.pk]), {"text": "How long?"})
    page = text(client, review_of(case))
    assert "can be written when the practice has replied" in page
    assert "data-sign " not in page


# --- Second opinion, blind --------------------------------------------------------------------------------------------


def test_no_page_shows_the_first_answer_before_the_second_is_signed(cast: Cast, client: Client) -> None:
    case = asked_again(cast, diagnosis="OTHER", other_diagnosis="Zebra mole", icd10="L98.7", text="Zebra text")
    services.record_histology(
        actor=cast.ada, lesion=cast.lesion, diagnosis="OTHER", other_diagnosis="Zebra tissue", reported_on=timezone.localdate()
    )
    client.force_login(cast.emil)
    paths = [
        review_of(case),
        reverse("analysis:case-findings", args=[case.pk]),
        reverse("patients:histology", args=[case.lesion_id]),
        case.lesion.get_absolute_url(),
        cast.patient.get_absolute_url(),
        reverse("home"),
        reverse("patients:queue"),
        reverse("patients:case", args=[case.pk]),
    ]
    for path in paths:
        page = text(client, path)
        assert "Zebra" not in page, path
        assert "L98.7" not in page, path
    assert "Second opinion" in text(client, review_of(case))
    assert client.get(reverse("patients:review-replace", args=[case.pk])).status_code == 200
    assert client.post(review_of(case), ANSWER | {"step": "sign"}).status_code == 302
    page = text(client, review_of(case))
    assert "Zebra text" in page
    assert "Zebra tissue" in page
    assert "Signed by Emil" in page


def test_a_second_opinion_is_asked_for_from_the_page(cast: Cast, client: Client) -> None:
    case = answered(cast)
    client.force_login(cast.dana)
    path = reverse("patients:review-second-opinion", args=[case.pk])
    assert path in text(client, review_of(case))
    assert "Emil" in text(client, path)
    assert client.post(path, {"target_key": f"user-{cast.dana.public_id}"}).status_code == 400
    assert client.post(path, {"target_key": f"user-{cast.emil.public_id}", "text": "Please look."}).status_code == 302
    assert "A second opinion is asked of Emil" in text(client, review_of(case))


# --- Histology, text blocks, impressions ------------------------------------------------------------------------------


def test_a_histology_is_entered_and_corrected_by_another(cast: Cast, client: Client) -> None:
    case = answered(cast)
    path = reverse("patients:histology", args=[cast.lesion.pk])
    client.force_login(cast.ben)
    sent: dict[str, Any] = {"diagnosis": "MEL", "breslow_mm": "0.80", "reported_on": "2026-04-01", "text": "pT1b"}
    assert client.post(path, sent).status_code == 302
    client.force_login(cast.dana)
    assert client.post(path, sent | {"breslow_mm": "0.90"}).status_code == 302
    assert [str(found.breslow_mm) for found in Histology.objects.all()] == ["0.90", "0.80"]
    assert set(Histology.objects.values_list("case", flat=True)) == {case.pk}
    page = text(client, path)
    assert page.index("0.90") < page.index("0.80")
    assert "corrected by the entry above" in page


def test_text_blocks_are_made_changed_inserted_and_deleted(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    path = reverse("patients:text-blocks")
    assert client.post(path, {"title": "Sun", "text": "Protect your skin."}).status_code == 302
    assert client.post(path, {"title": "Sun", "text": "Again."}).status_code == 400
    assert client.post(path, {"title": "", "text": ""}).status_code == 400
    block = TextBlock.objects.get()
    assert client.post(reverse("patients:text-block", args=[block.pk]), {"title": "Sun", "text": "Use a hat."}).status_code == 302
    assert '<option value="Use a hat.">Sun</option>' in text(client, review_of(taken(cast)))
    client.force_login(cast.emil)
    assert "Use a hat." not in text(client, path)
    for name in ("text-block", "text-block-delete"):
        assert client.post(reverse(f"patients:{name}", args=[block.pk]), {"title": "a", "text": "b"}).status_code == 404
    client.force_login(cast.dana)
    assert client.post(reverse("patients:text-block-delete", args=[block.pk])).status_code == 302
    assert not TextBlock.objects.exists()


def asks_impressions(cast: Cast) -> None:
    cast.north.asks_impression = True
    cast.north.save()


def test_an_impression_is_given_once_and_leads_on(cast: Cast, client: Client) -> None:
    asks_impressions(cast)
    path = reverse("patients:impression", args=[cast.image.pk])
    client.force_login(cast.ada)
    assert "What do you think it is?" in text(client, path)
    assert client.post(path, {"diagnosis": "MEL"}).status_code == 400
    assert client.post(path, {"diagnosis": "MOLE", "certainty": "certain"}).status_code == 400
    onward = reverse("patients:lesion", args=[cast.lesion.pk])
    response = client.post(path, {"diagnosis": "MEL", "certainty": "possible", "next": onward})
    assert response.headers["Location"] == onward
    assert client.post(path, {"diagnosis": "NV", "certainty": "certain"}).status_code == 302
    assert Impression.objects.get().diagnosis == "MEL"
    assert AuditEntry.objects.filter(action="impression.give").count() == 1


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)", "/\\example.org"])
def test_an_impression_leads_nowhere_else(cast: Cast, client: Client, elsewhere: str) -> None:
    asks_impressions(cast)
    client.force_login(cast.ada)
    data = {"diagnosis": "MEL", "certainty": "possible", "next": elsewhere}
    response = client.post(reverse("patients:impression", args=[cast.image.pk]), data)
    assert response.headers["Location"] == reverse("analysis:latest", args=[cast.image.pk])


def test_a_practice_that_does_not_ask_leads_straight_on(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    response = client.get(reverse("patients:impression", args=[cast.image.pk]))
    assert response.headers["Location"] == reverse("analysis:latest", args=[cast.image.pk])


def test_a_case_without_pictures_can_still_be_answered(cast: Cast, client: Client) -> None:
    cast.image.delete()
    case = make_case(cast.free_lesion, CaseStatus.CLAIMED, to_user=cast.dana)
    cast.free_image.delete()
    client.force_login(cast.dana)
    assert "There is no picture of this lesion" in text(client, review_of(case))
    assert client.post(review_of(case), ANSWER | {"step": "sign"}).status_code == 302
