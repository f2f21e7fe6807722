"""Cases on the pages: what each role is shown, what they can do next, and what is kept from whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients import services, standing
from patients.models import Case, CaseStatus, Impression, Purpose, RedFlag
from patients.red_flags import suggested_flags
from patients.selectors import cases as selectors
from tests.cast import Cast
from tests.factories import make_case, make_image, make_lesion

OPINION = services.Opinion("MEL", "C43.3", "certain", "excise", text="Excise with a margin.")


def get(client: Client, name: str, *arguments: Any) -> str:
    response = client.get(reverse(name, args=arguments))
    assert response.status_code == 200
    return unescape(response.content.decode())


def post(client: Client, name: str, *arguments: Any, **data: Any) -> tuple[int, str]:
    response = client.post(reverse(name, args=arguments), data, follow=True)
    return response.status_code, unescape(response.content.decode())


def at(hours: float) -> dict[str, Any]:
    """Sent now, due in so many hours, standing there too."""
    due = timezone.now() + timedelta(hours=hours)
    return {"sent_at": timezone.now(), "due_at": due, "stands_at": due}


# --- Referring --------------------------------------------------------------------------------------------------------


def test_flags_are_suggested_from_the_record_with_the_reason(cast: Cast) -> None:
    cast.patient.risk_factors = ["melanoma_before", "sunburns", "immunosuppressed"]
    cast.lesion.symptoms = ["bleeding", "itching"]
    cast.lesion.first_noticed, cast.lesion.site_meaning = date(2023, 6, 1), "Skin of sole of foot"
    assert suggested_flags(cast.lesion) == {
        RedFlag.BLEEDING: "the lesion bleeds, by its symptoms",
        RedFlag.NEW_AFTER_50: "first noticed at the age of 53",
        RedFlag.UNDER_NAIL: "the site is left sole of foot",
        RedFlag.MELANOMA_BEFORE: "among the risk factors",
        RedFlag.IMMUNOSUPPRESSED: "among the risk factors",
    }


@pytest.mark.parametrize(
    ("noticed", "new"), [(None, False), (date(2021, 5, 16), False), (date(2021, 5, 17), True), (date(2000, 1, 1), False)]
)
def test_new_after_fifty_counts_birthdays(cast: Cast, noticed: date | None, new: bool) -> None:
    cast.lesion.first_noticed = noticed
    assert (RedFlag.NEW_AFTER_50 in suggested_flags(cast.lesion)) is new


def test_nothing_on_record_suggests_nothing(cast: Cast) -> None:
    assert suggested_flags(cast.lesion) == {}


def test_the_referral_page_brings_along_what_is_known(cast: Cast, client: Client) -> None:
    cast.free_lesion.checklists.create(
        by=cast.ada, change_in_size=True, irregular_shape=False, irregular_colour=False, diameter_7_mm=True, inflammation=False,
        oozing=False, change_in_sensation=False,
    )  # fmt: skip
    type(cast.free_lesion).objects.filter(pk=cast.free_lesion.pk).update(symptoms=["bleeding"])
    client.force_login(cast.ada)
    page = get(client, "patients:refer", cast.free_lesion.pk)
    assert "3 of 10" in page
    assert "suggest an urgent referral" in page
    assert '<option value="urgent" selected>' in page
    assert "the lesion bleeds, by its symptoms" in page
    assert "agrees today" not in page, "the consent is on record"
    assert "There is no picture" not in page


def test_a_referral_without_consent_asks_for_it_and_keeps_what_was_typed(cast: Cast, client: Client) -> None:
    services.withdraw_consent(actor=cast.ada, patient=cast.other_patient, purpose=Purpose.TELECONSULTATION)
    client.force_login(cast.ada)
    form = {"target_key": f"user-{cast.dana.public_id}", "urgency": "soon", "question": "Excise or wait?"}
    status, page = post(client, "patients:refer", cast.free_lesion.pk, **form)
    assert (status, "consent to teleconsultation is not on record" in page, "Excise or wait?" in page) == (400, True, True)
    status, page = post(client, "patients:refer", cast.free_lesion.pk, **form, agrees_today="on")
    assert (status, "is referred to Dana" in page) == (200, True)
    assert services.has_consented(cast.other_patient, Purpose.TELECONSULTATION)


def test_without_a_picture_the_page_says_where_to_add_one(cast: Cast, client: Client) -> None:
    bare = make_lesion(cast.other_patient)
    client.force_login(cast.ada)
    page = get(client, "patients:refer", bare.pk)
    assert "There is no picture of this lesion yet" in page
    assert bare.get_absolute_url() in page


def test_a_draft_is_kept_changed_and_sent(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    form = {"target_key": f"pool-{cast.pool.public_id}", "urgency": "soon", "question": "Excise?", "red_flags": ["bleeding"]}
    _, page = post(client, "patients:refer", cast.free_lesion.pk, **form, act="draft")
    case = Case.objects.get(lesion=cast.free_lesion)
    assert case.status == CaseStatus.DRAFT
    assert "Excise?" in page
    assert reverse("patients:case-edit", args=[case.pk]) in get(client, "patients:refer", cast.free_lesion.pk)
    status, page = post(client, "patients:case-edit", case.pk, **form | {"question": "Or wait?"}, act="send")
    case.refresh_from_db()
    assert (status, case.status, case.question, case.red_flags) == (200, CaseStatus.WAITING, "Or wait?", ["bleeding"])
    assert client.get(reverse("patients:case-edit", args=[case.pk]))["Location"] == case.get_absolute_url()


def test_a_draft_that_cannot_be_sent_is_still_saved(cast: Cast, client: Client) -> None:
    bare = make_lesion(cast.other_patient)
    case = services.draft_case(actor=cast.ada, lesion=bare, to=cast.dana)
    client.force_login(cast.ada)
    status, page = post(client, "patients:case-edit", case.pk, target_key=f"user-{cast.dana.public_id}", urgency="soon", question="Written")
    case.refresh_from_db()
    assert (status, case.question, case.status) == (400, "Written", CaseStatus.DRAFT)
    assert "There is no picture of this lesion yet" in page


def test_a_draft_is_thrown_away(cast: Cast, client: Client) -> None:
    case = services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    client.force_login(cast.ben)
    assert post(client, "patients:case-discard-draft", case.pk)[0] == 200
    assert Case.objects.get(pk=case.pk).status == CaseStatus.DISCARDED
    assert client.post(reverse("patients:case-discard-draft", args=[case.pk])).status_code == 409


# --- The page of a case -----------------------------------------------------------------------------------------------


def test_a_question_is_replied_to(cast: Cast, client: Client) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.ask_for_information(actor=cast.dana, case=cast.case, text="Since when?")
    client.force_login(cast.ada)
    page = get(client, "patients:case", cast.case.pk)
    assert "Since when?" in page
    assert "Your reply is waited for" in page
    assert cast.lesion.get_absolute_url() in page
    status, page = post(client, "patients:case-reply", cast.case.pk, text="")
    assert (status, "This field is required" in page) == (400, True)
    status, page = post(client, "patients:case-reply", cast.case.pk, text="Since May.")
    assert (status, "Since May." in page, "Your reply is waited for" in page) == (200, True, False)


def test_a_reply_that_comes_too_late_is_not_lost(cast: Cast, client: Client) -> None:
    """A colleague was faster: the second is told, and the words are still there to be copied."""
    services.claim_case(actor=cast.dana, case=cast.case)
    client.force_login(cast.ada)
    status, page = post(client, "patients:case-reply", cast.case.pk, text="Since May, said the patient.")
    assert (status, "by now, so nothing was changed" in page, "Since May, said the patient." in page) == (400, True, True)


def test_a_case_is_withdrawn_and_readdressed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    _, page = post(client, "patients:case-readdress", cast.case.pk, target_key=f"pool-{cast.pool.public_id}")
    assert "From Dana to Moles." in page
    status, page = post(client, "patients:case-withdraw", cast.case.pk, reason="Excised elsewhere.")
    assert (status, page.count("Excised elsewhere.")) == (200, 2)  # among the facts and in the conversation


def test_an_answer_is_read_and_the_case_closed(cast: Cast, client: Client) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    client.force_login(cast.ada)
    assert "<strong>preliminary</strong>" in get(client, "patients:case", cast.case.pk)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=services.Opinion("NV", "D22.3", "certain", "reassure", text="Harmless."))
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    page = get(client, "patients:case", cast.case.pk)
    assert page.index("Excise with a margin.") < page.index("Harmless."), "what counts stands first"
    assert "replaces an earlier one" in page
    assert "preliminary</strong>" not in page
    _, page = post(client, "patients:case-close", cast.case.pk)
    assert "closed the case" in page
    assert client.post(reverse("patients:case-close", args=[cast.case.pk])).status_code == 400


def test_the_second_reader_sees_nothing_of_the_first_before_signing(cast: Cast, client: Client) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    services.record_histology(
        actor=cast.ada, lesion=cast.lesion, diagnosis="MEL", reported_on=date(2026, 3, 9), text="Superficial spreading", case=cast.case
    )
    services.ask_second_opinion(actor=cast.dana, case=cast.case, to=cast.emil, text="Please look, too.")
    client.force_login(cast.emil)
    page = get(client, "patients:case", cast.case.pk)
    telling = ("Melanoma", "C43.3", "Excise with a margin.", "Superficial")
    assert not [word for word in telling if word in page]
    assert "Please look, too." in page
    services.sign_second_opinion(actor=cast.emil, case=cast.case, opinion=OPINION)
    page = get(client, "patients:case", cast.case.pk)
    assert [word for word in telling if word in page] == list(telling)


def test_a_second_opinion_is_given_up_by_the_practice(cast: Cast, client: Client) -> None:
    services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=OPINION)
    services.ask_second_opinion(actor=cast.dana, case=cast.case, to=cast.emil)
    client.force_login(cast.ada)
    assert "A second opinion is asked of Emil" in get(client, "patients:case", cast.case.pk)
    _, page = post(client, "patients:case-end-second", cast.case.pk)
    assert "I have read it and acted" in page


def test_a_dermatologist_reads_and_changes_nothing_here(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page = get(client, "patients:case", cast.case.pk)
    assert reverse("patients:review", args=[cast.case.pk]) in page
    assert "Withdraw the case" not in page


def test_a_case_of_somebody_who_left_says_what_to_do(cast: Cast, client: Client) -> None:
    type(cast.dana).objects.filter(pk=cast.dana.pk).update(is_active=False)
    client.force_login(cast.ada)
    assert "Dana can no longer answer" in get(client, "patients:case", cast.case.pk)
    assert "Addressed to somebody who left" in get(client, "home")


def test_all_cases_of_a_practice_by_state(cast: Cast, client: Client) -> None:
    closed = make_case(cast.free_lesion, CaseStatus.CLOSED, to_user=cast.dana)
    client.force_login(cast.ben)
    everything = get(client, "patients:cases")
    assert closed.get_absolute_url() in everything
    assert cast.case.get_absolute_url() in everything
    _, page = post(client, "patients:cases", status="CLOSED")
    assert closed.get_absolute_url() in page
    assert cast.case.get_absolute_url() not in page


def test_older_cases_have_pages(cast: Cast) -> None:
    for _ in range(selectors.CASES_PER_PAGE):
        make_case(make_lesion(cast.patient), to_user=cast.dana)
    first, after = selectors.cases_of(cast.ada)
    second, end = selectors.cases_of(cast.ada, after=after)
    assert (len(first), len(second), end) == (selectors.CASES_PER_PAGE, 2, None)
    assert not {case.pk for case in first} & {case.pk for case in second}


# --- The queue --------------------------------------------------------------------------------------------------------


def test_the_queue_stands_in_its_order_and_says_why(cast: Cast, client: Client) -> None:
    alarming = make_case(
        make_lesion(cast.patient),
        to_user=cast.dana,
        red_flags=["bleeding"],
        checklist_score=5,
        alert=1 / 6,
        **at(100) | {"stands_at": timezone.now()},
    )
    Case.objects.filter(pk=cast.case.pk).update(**at(50))
    client.force_login(cast.dana)
    page = get(client, "patients:queue")
    links = [page.index(reverse("patients:review", args=[case.pk])) for case in (alarming, cast.case)]
    assert links == sorted(links)
    assert "Put forward 3 d 4 h: bleeds or ulcerates without injury (24 h), checklist 5 of 10 (40 h), picture analysis (12 h)." in page
    assert "Stands by its due time alone." in page


def test_what_is_late_says_so_in_words(cast: Cast, client: Client) -> None:
    Case.objects.filter(pk=cast.case.pk).update(due_at=timezone.now() - timedelta(days=3, minutes=1))
    client.force_login(cast.dana)
    assert "Overdue by 3\xa0days" in get(client, "patients:queue")


def test_the_analysis_is_not_told_before_ones_own_impression(cast: Cast, client: Client) -> None:
    type(cast.north).objects.filter(pk=cast.north.pk).update(asks_impression=True)
    Case.objects.filter(pk=cast.case.pk).update(red_flags=["bleeding"], alert=0.5)
    client.force_login(cast.dana)
    page = get(client, "patients:queue")
    assert "picture analysis (" not in page
    assert "Put forward: bleeds or ulcerates without injury (24 h). What the analysis of the pictures adds" in page
    Case.objects.filter(pk=cast.case.pk).update(alert=None)
    assert "What the analysis of the pictures adds" in get(client, "patients:queue"), "nor whether it adds anything"
    Case.objects.filter(pk=cast.case.pk).update(alert=0.5)
    Impression.objects.create(image=cast.image, by=cast.dana, diagnosis="NV", certainty="certain")
    assert "picture analysis (36 h)" in get(client, "patients:queue")
    make_image(cast.lesion)
    assert "picture analysis (" not in get(client, "patients:queue"), "each picture is judged first"


@pytest.mark.parametrize(("hours", "words"), [(0.2, "less than 1 h"), (5, "5 h"), (24, "1 d"), (52, "2 d 4 h")])
def test_hours_read_as_days(hours: float, words: str) -> None:
    assert standing.duration(hours) == words


def test_the_queue_is_filtered_and_bad_filters_mean_everything(cast: Cast, client: Client) -> None:
    cast.pool.members.add(cast.dana)
    Case.objects.filter(pk=cast.pooled_case.pk).update(urgency="urgent")
    client.force_login(cast.dana)

    def shown(**chosen: Any) -> set[str]:
        page = post(client, "patients:queue", **chosen)[1]
        return {name for name in ("case", "pooled_case") if reverse("patients:review", args=[getattr(cast, name).pk]) in page}

    assert shown() == {"case", "pooled_case"}
    assert shown(addressed="me") == shown(urgency="routine") == {"case"}
    assert shown(addressed=cast.pool.public_id) == shown(urgency="urgent") == {"pooled_case"}
    assert shown(addressed="999", urgency="now", after="x") == {"case", "pooled_case"}
    assert shown(addressed="me", urgency="urgent") == set()


def test_the_queue_has_pages_that_miss_and_repeat_nothing(cast: Cast) -> None:
    place = timezone.now()
    for number in range(2 * selectors.CASES_PER_PAGE):
        make_case(make_lesion(cast.patient), to_user=cast.dana, stands_at=place + timedelta(hours=number // 7))
    seen, after = [], None
    while True:
        page = selectors.queue_page(cast.dana, after=after)
        seen += [row.case.pk for row in page.rows]
        if (after := page.after) is None:
            break
    assert seen == list(Case.objects.queue_of(cast.dana).in_order().values_list("pk", flat=True))
    assert page.total == len(seen) == 2 * selectors.CASES_PER_PAGE + 1


def test_the_next_case_is_taken_with_one_button(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    response = client.post(reverse("patients:queue-next"))
    assert response["Location"] == reverse("patients:review", args=[cast.case.pk])
    assert Case.objects.get(pk=cast.case.pk).claimed_by == cast.dana
    assert "Nothing waits in your queue" in post(client, "patients:queue-next")[1]


def test_news_count_what_came_since(cast: Cast, client: Client) -> None:
    before = int(timezone.now().timestamp() * 10**6)
    client.force_login(cast.dana)
    assert "new case" not in get(client, "patients:queue-news", before)
    services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    assert "1 new case: show it" in get(client, "patients:queue-news", before)
    assert "new case" not in get(client, "patients:queue-news", 10**30)


# --- The first page ---------------------------------------------------------------------------------------------------


def test_a_practice_starts_with_what_waits_for_it(cast: Cast, client: Client) -> None:
    Case.objects.update(**at(50))
    client.force_login(cast.ben)
    assert "No case waits for your practice" in get(client, "home")
    make_case(make_lesion(cast.patient), CaseStatus.INFO_ASKED, to_user=cast.dana)
    make_case(make_lesion(cast.patient), CaseStatus.ANSWERED, to_user=cast.dana)
    services.draft_case(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
    Case.objects.filter(pk=cast.case.pk).update(due_at=timezone.now() - timedelta(hours=1))
    page = get(client, "home")
    heads = [
        "Questions asked of you",
        "Answers to read and to close",
        "Drafts not sent yet",
        "Overdue at the dermatologist",
        "Newest patients",
    ]
    assert [page.index(head) for head in heads] == sorted(page.index(head) for head in heads)
    client.force_login(cast.cleo)
    assert "Questions asked of you" not in get(client, "home")


def test_a_section_shows_the_first_few_and_counts_all(cast: Cast) -> None:
    for _ in range(selectors.CASES_PER_SECTION + 2):
        make_case(make_lesion(cast.patient), CaseStatus.ANSWERED, to_user=cast.dana)
    section = next(section for section in selectors.desk_of_practice(cast.ada) if section.key == "answered")
    assert (len(section.cases), section.total) == (selectors.CASES_PER_SECTION, selectors.CASES_PER_SECTION + 2)


def test_a_dermatologist_starts_with_their_own_cases(cast: Cast, client: Client) -> None:
    cast.pool.members.add(cast.dana)
    make_case(make_lesion(cast.patient), CaseStatus.CLAIMED, to_user=cast.dana)
    make_case(make_lesion(cast.patient), CaseStatus.INFO_ASKED, to_user=cast.dana)
    make_case(make_lesion(cast.patient), CaseStatus.SECOND_OPINION, to_user=cast.emil, second_to_pool=cast.pool)
    client.force_login(cast.dana)
    page = get(client, "home")
    heads = [
        "You are reviewing",
        "Your second opinion is asked for",
        "Overdue in your queue",
        "You wait for information",
        "First in the queue",
    ]
    assert [page.index(head) for head in heads] == sorted(page.index(head) for head in heads)
    assert "Take the next case" in page


# --- Answer times -----------------------------------------------------------------------------------------------------


def answered(cast: Cast, took_h: float, *, paused_h: float = 0, late: bool = False, **fields: Any) -> Case:
    sent = timezone.now() - timedelta(days=5)
    done = sent + timedelta(hours=took_h)
    due = done + timedelta(hours=-1 if late else 1)
    times = {"sent_at": sent, "claimed_at": sent, "answered_at": done, "due_at": due, "stands_at": due, "paused": timedelta(hours=paused_h)}
    return make_case(make_lesion(cast.patient), CaseStatus.ANSWERED, to_user=cast.dana, **times | fields)


def test_answer_times_by_urgency(cast: Cast) -> None:
    from patients.selectors import service_levels

    Case.objects.all().update(**at(50))
    for hours in (10, 20, 30):
        answered(cast, hours, urgency="soon")
    answered(cast, 100, paused_h=60, late=True, urgency="soon")
    old = answered(cast, 5, urgency="soon")
    Case.objects.filter(pk=old.pk).update(sent_at=timezone.now() - timedelta(days=60))
    make_case(make_lesion(cast.patient), to_user=cast.dana, urgency="soon", **at(-1))
    soon = next(level for level in service_levels(cast.ines, 30).by_urgency if level.name == "Soon")
    assert (soon.sent, soon.answered, soon.late, soon.overdue) == (5, 4, 1, 1)
    assert soon.median_h == pytest.approx(25)  # of 10, 20, 30 and 100 - 60
    assert soon.p90_h == pytest.approx(37)
    assert next(level for level in service_levels(cast.ines, 90).by_urgency if level.name == "Soon").answered == 5
    urgent = service_levels(cast.ines, 30).by_urgency[0]
    assert (urgent.name, urgent.sent, urgent.median_h) == ("Urgent", 0, None)


def test_everybody_reads_the_answer_times_of_their_own_pools(cast: Cast, client: Client) -> None:
    Case.objects.all().update(**at(50))

    def pools(name: str) -> list[str]:
        from patients.selectors import service_levels

        return [level.name for level in service_levels(cast.people[name], 30).by_pool]

    assert pools("ines") == ["Addressed by name", "Moles"]
    assert (pools("dana"), pools("emil"), pools("ada")) == (["Addressed by name"], ["Moles"], [])
    client.force_login(cast.ines)
    page = get(client, "patients:sla")
    assert "Moles" in page
    assert "Archer" not in page


# --- Constant cost ----------------------------------------------------------------------------------------------------


def grow(cast: Cast) -> None:
    for number in range(4):
        for status in CaseStatus.values:
            lesion = make_lesion(cast.patient)
            make_case(lesion, status, to_user=cast.dana, second_to_pool=cast.pool, red_flags=["bleeding"][: number % 2])
            make_image(lesion)
        make_image(cast.lesion)


PAGES: dict[str, tuple[str, Callable[[Cast], str]]] = {
    "home of a gp": ("ada", lambda _: reverse("home")),
    "home of a dermatologist": ("dana", lambda _: reverse("home")),
    "queue": ("dana", lambda _: reverse("patients:queue")),
    "news": ("dana", lambda _: reverse("patients:queue-news", args=[0])),
    "cases": ("ada", lambda _: reverse("patients:cases")),
    "case for the practice": ("ada", lambda cast: cast.case.get_absolute_url()),
    "case for the dermatologist": ("dana", lambda cast: cast.case.get_absolute_url()),
    "answer times": ("ines", lambda _: reverse("patients:sla")),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_cases(cast: Cast, client: Client, name: str) -> None:
    person, path = PAGES[name]
    client.force_login(cast.people[person])
    with CaptureQueriesContext(connection) as before:
        assert client.get(path(cast)).status_code == 200
    grow(cast)
    with CaptureQueriesContext(connection) as after:
        assert client.get(path(cast)).status_code == 200
    assert len(after) <= max(len(before), 14), [query["sql"][:90] for query in after]
    assert len(after) - len(before) <= 1, "a section that was empty may cost the look-up of its rows, and nothing more"
