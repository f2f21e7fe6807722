"""Consents: given, withdrawn, and what follows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.models import AuditEntry, Case, CaseStatus, Consent, EventKind, Notification, Patient, Purpose, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_consent, make_lesion, upload
from tests.patients.test_races import at_once

DAY = date(2026, 3, 1)


def give(cast: Cast, purpose: str = Purpose.CARE, given_on: date = DAY, actor: User | None = None) -> Consent:
    return services.give_consent(actor=actor or cast.ada, patient=cast.patient, purpose=purpose, given_on=given_on)


def withdraw(cast: Cast, purpose: str = Purpose.TELECONSULTATION, actor: User | None = None) -> Consent:
    return services.withdraw_consent(actor=actor or cast.ada, patient=cast.patient, purpose=purpose)


def code_of(act: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(ClinicError) as refused:
        act(*args, **kwargs)  # type: ignore[operator]
    return refused.value.code


# --- Given and withdrawn ----------------------------------------------------------------------------------------------


def test_agreeing_withdrawing_and_agreeing_again_is_a_history(cast: Cast) -> None:
    give(cast)
    withdraw(cast, Purpose.CARE, actor=cast.ben)
    give(cast, given_on=DAY + timedelta(days=2))
    first, second = Consent.objects.filter(patient=cast.patient, purpose=Purpose.CARE).order_by("recorded_at")
    assert (first.recorded_by, first.withdrawn_by) == (cast.ada, cast.ben)
    assert (second.withdrawn_at, second.given_on) == (None, DAY + timedelta(days=2))
    assert services.has_consented(cast.patient, Purpose.CARE)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["consent.give", "consent.withdraw", "consent.give"]


def test_nobody_agrees_twice_or_withdraws_what_is_not_there(cast: Cast) -> None:
    assert code_of(give, cast, Purpose.TELECONSULTATION) == "consent_in_force"
    assert code_of(withdraw, cast, Purpose.TEACHING) == "no_consent"
    assert code_of(give, cast, "selling") == "no_such_purpose"
    assert not AuditEntry.objects.exists()


def test_nobody_agrees_tomorrow_or_before_birth(cast: Cast) -> None:
    assert code_of(give, cast, given_on=timezone.localdate() + timedelta(days=1)) == "consent_in_future"
    assert code_of(give, cast, given_on=date(1970, 5, 16)) == "consent_before_birth"
    assert Consent.objects.filter(purpose=Purpose.CARE).count() == 0


def test_a_trace_says_which_purpose_and_which_cases(cast: Cast) -> None:
    withdraw(cast)
    entry = AuditEntry.objects.get(action="consent.withdraw")
    assert entry.detail == {"purpose": "teleconsultation", "cases": sorted(str(case.pk) for case in (cast.case, cast.pooled_case))}
    assert entry.patient == cast.patient


# --- What follows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [Purpose.CARE, Purpose.TELECONSULTATION])
@pytest.mark.parametrize("status", [CaseStatus.DRAFT, CaseStatus.WAITING, CaseStatus.CLAIMED, CaseStatus.INFO_ASKED])
def test_what_nobody_answered_is_taken_back(cast: Cast, status: CaseStatus, purpose: Purpose) -> None:
    case = make_case(make_lesion(cast.patient), status, to_user=cast.emil)
    if purpose == Purpose.CARE:
        make_consent(cast.patient, purpose)
    withdraw(cast, purpose)
    case.refresh_from_db()
    assert (case.status, case.discard_reason) == (CaseStatus.DISCARDED, "The patient withdrew the consent.")
    assert [(event.kind, event.by) for event in case.events.all()] == [(EventKind.DISCARDED, cast.ada)]
    told = list(Notification.objects.filter(case=case).values_list("to__username", "kind"))
    assert told == ([("emil", "case_discarded")] if case.claimed_by_id else [])
    assert case not in Case.objects.visible_to(cast.emil)


@pytest.mark.parametrize("status", [CaseStatus.ANSWERED, CaseStatus.CLOSED])
def test_what_was_answered_stays(cast: Cast, status: CaseStatus) -> None:
    case = make_case(make_lesion(cast.patient), status, to_user=cast.emil)
    withdraw(cast)
    case.refresh_from_db()
    assert case.status == status
    assert not Notification.objects.filter(case=case).exists()


def test_a_second_opinion_nobody_gave_is_not_asked_for_any_more(cast: Cast) -> None:
    case = make_case(make_lesion(cast.patient), CaseStatus.SECOND_OPINION, to_user=cast.dana, second_to_user=cast.emil)
    assert case in Case.objects.visible_to(cast.emil)
    withdraw(cast)
    case.refresh_from_db()
    assert (case.status, case.second_target) == (CaseStatus.ANSWERED, None)
    assert case not in Case.objects.visible_to(cast.emil)
    assert list(Notification.objects.filter(case=case).values_list("to__username", flat=True)) == ["emil"]


@pytest.mark.parametrize("purpose", [Purpose.TEACHING, Purpose.RESEARCH])
def test_cases_do_not_depend_on_teaching_and_research(cast: Cast, purpose: Purpose) -> None:
    make_consent(cast.patient, purpose)
    withdraw(cast, purpose)
    cast.case.refresh_from_db()
    assert cast.case.status == CaseStatus.WAITING


def test_other_patients_cases_stay(cast: Cast) -> None:
    case = make_case(cast.free_lesion, to_user=cast.emil)
    withdraw(cast)
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING


def test_without_the_consent_no_case_is_sent(cast: Cast) -> None:
    withdraw(cast)
    assert code_of(services.refer_lesion, actor=cast.ada, lesion=cast.lesion, to=cast.emil) == "no_consent"
    give(cast, Purpose.TELECONSULTATION)
    services.refer_lesion(actor=cast.ada, lesion=cast.lesion, to=cast.emil)


def test_after_care_was_withdrawn_no_picture_is_taken_in(cast: Cast) -> None:
    def prepare() -> object:
        return services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(jpeg_bytes(400, 300)))

    assert prepare(), "somebody who was never asked has withdrawn nothing"
    give(cast)
    withdraw(cast, Purpose.CARE)
    assert code_of(prepare) == "care_withdrawn"
    give(cast)
    assert prepare()


def test_whoever_holds_a_consent_is_seen_by_who_withdraws_it(cast: Cast) -> None:
    with transaction.atomic():
        assert services.hold_consent(cast.patient, Purpose.TELECONSULTATION)
        assert not services.hold_consent(cast.patient, Purpose.TEACHING)


@pytest.mark.django_db(transaction=True)
def test_no_case_waits_without_consent_however_close_the_two_were(transactional_db: None, cast: Cast) -> None:
    def act(actor: User) -> str:
        try:
            if actor == cast.ada:
                services.refer_lesion(actor=actor, lesion=cast.free_lesion, to=cast.emil)
            else:
                services.withdraw_consent(actor=actor, patient=cast.other_patient, purpose=Purpose.TELECONSULTATION)
        except ClinicError as refused:
            return refused.code
        return "done"

    at_once(act, [cast.ada, cast.ben])
    assert not services.has_consented(cast.other_patient, Purpose.TELECONSULTATION)
    assert not Case.objects.filter(lesion=cast.free_lesion).exclude(status=CaseStatus.DISCARDED).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_withdraw_at_once_one_does(transactional_db: None, cast: Cast) -> None:
    def act(actor: User) -> str:
        try:
            withdraw(cast, actor=actor)
        except ClinicError as refused:
            return refused.code
        return "withdrawn"

    assert sorted(at_once(act, [cast.ada, cast.ben])) == ["no_consent", "withdrawn"]


# --- The pages --------------------------------------------------------------------------------------------------------


def address(cast: Cast, name: str, *rest: str) -> str:
    return reverse(f"patients:{name}", args=[cast.patient.pk, *rest])


def test_the_page_shows_each_purpose_with_its_history(cast: Cast, client: Client) -> None:
    give(cast)
    withdraw(cast, Purpose.CARE, actor=cast.ben)
    client.force_login(cast.ada)
    page = client.get(address(cast, "consents")).content.decode()
    for purpose in Purpose:
        assert str(purpose.label) in page
    assert "Given on 1 March 2026" in page
    assert "recorded by Ada" in page
    assert "recorded by Ben" in page
    assert page.count("Not asked") == 2


def test_others_read_and_have_nothing_to_press(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    page = client.get(address(cast, "consents")).content.decode()
    assert "In force since" in page
    assert "/withdraw/" not in page
    assert "/give/" not in page


def test_withdrawing_asks_first_and_says_what_follows(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = client.get(address(cast, "consent-withdraw", "teleconsultation")).content.decode()
    assert "2 cases that nobody has answered are taken back" in page
    assert services.has_consented(cast.patient, Purpose.TELECONSULTATION)
    response = client.post(address(cast, "consent-withdraw", "teleconsultation"), follow=True)
    assert "The consent is withdrawn as of now." in response.content.decode()
    assert not services.has_consented(cast.patient, Purpose.TELECONSULTATION)
    again = client.post(address(cast, "consent-withdraw", "teleconsultation"))
    assert again.status_code == 409
    assert "nothing to withdraw" in client.get(address(cast, "consent-withdraw", "teleconsultation")).content.decode()


@pytest.mark.parametrize(
    ("given_on", "sentence"), [("2999-01-01", "in the future"), ("2026-02-30", "valid date"), ("", "required"), ("1969-01-01", "birth")]
)
def test_an_impossible_day_is_explained(cast: Cast, client: Client, given_on: str, sentence: str) -> None:
    client.force_login(cast.ada)
    response = client.post(address(cast, "consent-give", "care"), {"given_on": given_on})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not services.has_consented(cast.patient, Purpose.CARE)


def test_a_purpose_nobody_knows_is_no_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for name in ("consent-give", "consent-withdraw"):
        assert client.get(address(cast, name, "selling")).status_code == 404
        assert client.post(address(cast, name, "selling"), {"given_on": "2026-03-01"}).status_code == 404


def test_the_patients_page_says_what_is_in_force(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    withdraw(cast)
    page = client.get(Patient.objects.get(pk=cast.patient.pk).get_absolute_url()).content.decode()
    assert "Withdrawn" in page
    assert address(cast, "consents") in page
