"""Mails about news: each once, none lost, and never a word about a patient."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from threading import Barrier
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.mail import WORDS
from patients.models import Case, Notification, User
from patients.services.mails import MAX_ATTEMPTS, RETRY_AFTER
from patients.services.notifications import notify
from skinclinic.logs import LineFormatter
from tests.cast import Cast

Kind = Notification.Kind


@pytest.fixture
def dana(cast: Cast) -> User:
    return with_address(cast.dana)


def with_address(person: User, **fields: Any) -> User:
    fields = {"email": f"{person.username}@example.org"} | fields
    User.objects.filter(pk=person.pk).update(**fields)
    person.refresh_from_db()
    return person


def tell(person: User, case: Case, *kinds: Kind) -> list[Notification]:
    for kind in kinds or (Kind.CASE_SENT,):
        notify([person], kind, case)
    return list(Notification.objects.filter(to=person).order_by("at"))


class Refusing(EmailBackend):
    """A mail server that has its own opinion of every mail."""

    error: Exception = SMTPRecipientsRefused({"dana@example.org": (550, b"no such mailbox dana@example.org")})

    def send_messages(self, _messages: Any) -> int:
        raise self.error


class Absent(EmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError


class Hanging(Refusing):
    error = SMTPServerDisconnected("gone")


def use(settings: LazySettings, backend: type[EmailBackend]) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"


# --- What is sent -------------------------------------------------------------------------------------------------------


def test_news_become_one_mail_for_each_person(cast: Cast, dana: User) -> None:
    emil = with_address(cast.emil)
    tell(dana, cast.case, Kind.CASE_SENT, Kind.INFO_GIVEN)
    tell(emil, cast.pooled_case, Kind.CASE_SENT)
    services.mail_notifications()
    sent = {message.to[0]: message for message in mail.outbox}
    assert len(mail.outbox) == 2
    assert sent[dana.email].subject == "skinclinic: news about your cases (2)"
    assert str(sent[dana.email].body).count(cast.case.reference) == 2
    assert sent[emil.email].subject == "skinclinic: news about a case"
    assert cast.pooled_case.reference in sent[emil.email].body
    services.mail_notifications()
    assert len(mail.outbox) == 2
    assert not Notification.objects.filter(mailed_at=None).exists()


def test_a_mail_leads_to_the_log_in_and_says_it_is_automatic(cast: Cast, dana: User, settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://skin.example"
    tell(dana, cast.case)
    services.mail_notifications()
    (message,) = mail.outbox
    assert f"https://skin.example{reverse('patients:notifications')}" in message.body
    assert f"https://skin.example{reverse('patients:preferences')}" in message.body
    assert message.message()["Auto-Submitted"] == "auto-generated"
    assert message.from_email == settings.DEFAULT_FROM_EMAIL


def test_everybody_is_written_to_in_their_language(cast: Cast, dana: User) -> None:
    with_address(dana, language="de")
    tell(dana, cast.case)
    services.mail_notifications()
    (message,) = mail.outbox
    assert message.subject == "skinclinic: Neues zu einem Fall"
    assert "wartet auf Sie oder Ihren Pool" in message.body


def test_every_kind_has_words_in_every_language() -> None:
    for words in WORDS.values():
        assert set(words.happened) == set(Kind.values)
        assert all("{0}" in sentence for sentence in words.happened.values())


@pytest.mark.parametrize("language", WORDS)
def test_no_mail_of_any_kind_names_a_patient(cast: Cast, dana: User, language: str) -> None:
    with_address(dana, language=language, display_name="Dr Xanthippe Danaquark")
    patient, lesion, case = cast.patient, cast.lesion, cast.case
    patient.family_name, patient.given_names, patient.record_number = "Quixmorton", "Zebulonia", "RECNO77"
    patient.address = "Wobblestreet 9"
    patient.save()
    lesion.note = "Purplenote"
    lesion.save()
    Case.objects.filter(pk=case.pk).update(question="Grumblequestion?")
    tell(dana, case, *Kind)
    services.mail_notifications()
    (message,) = mail.outbox
    text = message.message().as_string() + str(message.subject) + str(message.body)
    secrets = [
        "Quixmorton", "Zebulonia", "RECNO77", "Wobblestreet", "Purplenote", "Grumble", "1970", "17 May", "17.05", "cheek", "Wange", "Nell",
        "Danaquark", "Ada", "North", str(case.pk), str(lesion.pk), str(patient.pk),
    ]  # fmt: skip
    assert [secret for secret in secrets if secret.lower() in text.lower()] == []
    assert str(message.body).count(case.reference) == len(Kind)


# --- Who gets none ------------------------------------------------------------------------------------------------------

UNWANTED: dict[str, dict[str, Any]] = {
    "switched off": {"mails_off": [Kind.CASE_SENT.value]},
    "left": {"is_active": False},
    "no address": {"email": ""},
}


@pytest.mark.parametrize("why", UNWANTED)
def test_whoever_wants_or_gets_no_mails_is_not_written_to_later_either(cast: Cast, dana: User, why: str) -> None:
    (notification,) = tell(dana, cast.case)
    with_address(dana, **UNWANTED[why])
    services.mail_notifications()
    with_address(dana, mails_off=[], is_active=True)
    services.mail_notifications()
    assert mail.outbox == []
    notification.refresh_from_db()
    assert not notification.by_mail
    assert notification.read_at is None


def test_switching_one_kind_off_leaves_the_others(cast: Cast, dana: User) -> None:
    with_address(dana, mails_off=[Kind.CASE_SENT.value, Kind.HISTOLOGY.value])
    tell(dana, cast.case, Kind.CASE_SENT, Kind.BREACH)
    services.mail_notifications()
    (message,) = mail.outbox
    assert "overdue" in message.body
    assert "waiting" not in message.body


def test_what_was_read_already_is_not_mailed(cast: Cast, dana: User) -> None:
    tell(dana, cast.case)
    services.mark_read_for(viewer=dana, case=cast.case)
    services.mail_notifications()
    assert mail.outbox == []


def test_nobody_is_told_what_they_did_themselves_or_after_they_left(cast: Cast, dana: User) -> None:
    with_address(cast.emil, is_active=False)
    notify([dana, cast.emil, cast.ada], Kind.BREACH, cast.case, but=cast.ada)
    assert [one.to for one in Notification.objects.all()] == [dana]


# --- When it does not work ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [Absent, Hanging])
def test_a_mail_server_that_is_down_loses_nothing(cast: Cast, dana: User, settings: LazySettings, backend: type[EmailBackend]) -> None:
    emil = with_address(cast.emil)
    for person in (dana, emil):
        tell(person, cast.case)
    working = settings.EMAIL_BACKEND
    use(settings, backend)
    now = timezone.now()
    for minutes in range(3):
        services.mail_notifications(now + timedelta(minutes=minutes))
    assert not Notification.objects.exclude(mail_failed_at=None).exists()
    settings.EMAIL_BACKEND = working
    services.mail_notifications(now + timedelta(hours=1))
    assert {message.to[0] for message in mail.outbox} == {dana.email, emil.email}


def test_a_server_that_is_not_there_costs_no_attempt(cast: Cast, dana: User, settings: LazySettings) -> None:
    (notification,) = tell(dana, cast.case)
    use(settings, Absent)
    for _ in range(2 * MAX_ATTEMPTS):
        services.mail_notifications()
    notification.refresh_from_db()
    assert notification.mail_attempts == 0


def test_a_refused_mail_is_tried_later_and_later_and_then_given_up(
    cast: Cast, dana: User, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    (notification,) = tell(dana, cast.case)
    use(settings, Refusing)
    for attempt, pause in enumerate([*RETRY_AFTER, None], start=1):
        notification.refresh_from_db()
        before = notification.mail_after
        services.mail_notifications(before - timedelta(seconds=1))
        services.mail_notifications(before)
        notification.refresh_from_db()
        assert notification.mail_attempts == attempt
        if pause:
            assert timedelta(0) <= notification.mail_after - timezone.now() - pause + timedelta(seconds=30) < timedelta(minutes=1)
    assert notification.mail_failed_at is not None
    assert notification.mailed_at is None
    services.mail_notifications(timezone.now() + timedelta(days=30))
    notification.refresh_from_db()
    assert notification.mail_attempts == MAX_ATTEMPTS
    lines = [LineFormatter().format(record) for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert "given up" in lines[0]
    assert str(notification.pk) in lines[0]
    assert "example.org" not in lines[0]


def test_a_refusal_of_one_mail_does_not_stop_the_others(cast: Cast, dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    emil = with_address(cast.emil)
    for person in (dana, emil):
        tell(person, cast.case)
    send = EmailBackend.send_messages

    def picky(self: EmailBackend, messages: Any) -> int:
        if messages[0].to == [dana.email]:
            raise SMTPRecipientsRefused({})
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", picky)
    services.mail_notifications()
    assert [message.to for message in mail.outbox] == [[emil.email]]


@pytest.mark.parametrize("address", ["dana@example.org\nBcc: all@example.org", "no address at all", "dana@\nexample.org"])
def test_an_address_that_is_none_reaches_nobody_else_and_stops_nobody(cast: Cast, dana: User, address: str) -> None:
    emil = with_address(cast.emil)
    with_address(dana, email=address, display_name="Dana\r\nBcc: all@example.org")
    for person in (dana, emil):
        tell(person, cast.case)
    services.mail_notifications()
    assert emil.email in [message.to[0] for message in mail.outbox]
    for message in mail.outbox:
        assert "Bcc" not in message.message()
        assert message.recipients() in ([emil.email], ["no address at all"])


def test_names_with_line_breaks_are_in_no_header(cast: Cast, dana: User) -> None:
    with_address(dana, display_name="Dana\r\nBcc: all@example.org")
    tell(dana, cast.case)
    services.mail_notifications()
    (message,) = mail.outbox
    assert "all@example.org" not in message.message().as_string()


def test_a_worker_that_dies_while_sending_leaves_the_mail_to_the_next(cast: Cast, dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(dana, cast.case)
    now = timezone.now()
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            services.mail_notifications(now)
    services.mail_notifications(now + timedelta(minutes=1))
    assert mail.outbox == []
    services.mail_notifications(now + RETRY_AFTER[0])
    assert len(mail.outbox) == 1


def test_the_first_pause_is_longer_than_a_mail_may_take(settings: LazySettings) -> None:
    assert RETRY_AFTER[0] > 6 * timedelta(seconds=settings.EMAIL_TIMEOUT)
    assert list(RETRY_AFTER) == sorted(RETRY_AFTER)


def test_two_workers_send_nothing_twice(transactional_db: None, cast: Cast) -> None:
    people = [with_address(person) for person in cast.people.values()]
    for person in people:
        tell(person, cast.case, Kind.CASE_SENT, Kind.BREACH)
    start = Barrier(4)

    def work() -> None:
        start.wait(timeout=20)
        try:
            services.mail_notifications()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result()
    assert sum(str(message.body).count(cast.case.reference) for message in mail.outbox) == 2 * len(people)
    assert set(Notification.objects.values_list("mail_attempts", flat=True)) == {1}
