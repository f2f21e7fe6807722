"""What goes by itself once a day, and what never does."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.conf import settings as installed
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients import limits, services, tasks
from patients.models import AnswerDraft, AuditEntry, Case, CaseStatus, Image, Invitation, Lesion, Notification, Patient, User
from tests.cast import Cast
from tests.factories import make_case, make_lesion

NOW = timezone.now()
NOTHING = {"sessions": 0, "notifications": 0, "invitations": 0, "drafts": 0, "mails": 0}


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, settings: LazySettings) -> Path:
    """This test's own folder of mails."""
    folder = tmp_path / "mail"
    settings.EMAIL_FILE_PATH = str(folder)
    return folder


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def note(cast: Cast, *, read_at: datetime | None, at: datetime | None = None) -> Notification:
    return Notification.objects.create(to=cast.dana, kind="case_sent", case=cast.case, read_at=read_at, at=at or ago(900))


def test_nothing_old_nothing_gone(cast: Cast) -> None:
    assert services.clear_away(now=NOW) == NOTHING


def test_ended_sessions_go_and_open_ones_stay(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    other = Client()
    other.force_login(cast.ben)
    ended = Session.objects.exclude(pk=client.session.session_key)
    ended.update(expire_date=NOW - timedelta(seconds=1))
    assert services.clear_away(now=NOW) == NOTHING | {"sessions": 1}
    assert client.get("/").status_code == 200


def test_a_year_after_it_was_read_a_notification_goes_and_unread_ones_never(cast: Cast) -> None:
    kept = {note(cast, read_at=None), note(cast, read_at=ago(limits.NOTIFICATIONS_KEPT_DAYS - 1))}
    note(cast, read_at=ago(limits.NOTIFICATIONS_KEPT_DAYS + 1))
    assert services.clear_away(now=NOW) == NOTHING | {"notifications": 1}
    assert set(Notification.objects.all()) == kept


def invited(cast: Cast, number: int, **fields: object) -> Invitation:
    email = f"{number}@example.org"
    made, _ = services.invite(actor=cast.ines, email=email, display_name="Hal", role="DERMATOLOGIST", practice=None)
    Invitation.objects.filter(pk=made.pk).update(**fields)
    return made


def test_invitations_go_long_after_they_ended(cast: Cast) -> None:
    old, young = ago(limits.INVITATIONS_KEPT_DAYS + 1), ago(limits.INVITATIONS_KEPT_DAYS - 1)
    invited(cast, 1, expires_at=old)
    invited(cast, 2, revoked_at=old)
    invited(cast, 3, accepted_at=old, account=cast.theo, expires_at=old)
    kept = {
        invited(cast, 4),
        invited(cast, 5, expires_at=young),
        invited(cast, 6, revoked_at=young, expires_at=old),
        invited(cast, 7, accepted_at=young, account=cast.emil, expires_at=old),
    }
    before = AuditEntry.objects.count()
    assert services.clear_away(now=NOW) == NOTHING | {"invitations": 3}
    assert set(Invitation.objects.all()) == kept
    assert User.objects.filter(pk=cast.theo.pk).exists(), "the account stays"
    assert AuditEntry.objects.count() == before


def test_an_address_can_be_invited_again_when_its_old_invitation_is_gone(cast: Cast) -> None:
    invited(cast, 1, expires_at=ago(limits.INVITATIONS_KEPT_DAYS + 1))
    services.clear_away(now=NOW)
    assert invited(cast, 1).email == "1@example.org"


@pytest.mark.parametrize("status", CaseStatus.values)
@pytest.mark.parametrize("days", [1, 1000])
def test_drafts_of_answers_go_when_their_case_is_over_and_they_are_old(cast: Cast, status: str, days: int) -> None:
    second = {"second_to_user": cast.emil} if status == CaseStatus.SECOND_OPINION else {}
    case = make_case(make_lesion(cast.patient), status, to_user=cast.dana, **second)
    AnswerDraft.objects.create(case=case, by=cast.dana, fields={"text": "Perhaps"}, saved_at=ago(days))
    goes = days > limits.ANSWER_DRAFTS_KEPT_DAYS and status in {CaseStatus.CLOSED, CaseStatus.DISCARDED}
    assert services.clear_away(now=NOW) == NOTHING | {"drafts": int(goes)}
    assert Case.objects.filter(pk=case.pk).exists()


def write(path: Path, days: float) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("Subject: x")
    moment = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_old_mail_files_go_and_nothing_else_in_or_beside_the_folder(cast: Cast, spool: Path, tmp_path: Path) -> None:
    days = limits.MAIL_FILES_KEPT_DAYS
    old = write(spool / "20260101-000000-1.log", days + 1)
    kept = [write(spool / "20260401-000000-2.log", days - 1), write(spool / "notes.txt", 900), write(tmp_path / "elsewhere.log", 900)]
    (spool / "linked.log").symlink_to(tmp_path / "elsewhere.log")
    (spool / "folder.log").mkdir()
    assert services.clear_away() == NOTHING | {"mails": 1}
    assert not old.exists()
    assert all(path.exists() for path in [*kept, spool / "linked.log", spool / "folder.log"])


def test_a_file_that_vanishes_meanwhile_is_no_mistake(cast: Cast, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(spool / "1.log", 900)
    monkeypatch.setattr(Path, "is_file", lambda path: (path.unlink(missing_ok=True), True)[1])
    assert services.clear_away() == NOTHING


def test_records_pictures_and_the_trail_are_never_touched(cast: Cast, client: Client, stored_files: Path) -> None:
    client.force_login(cast.ada)
    client.get(cast.patient.get_absolute_url())
    rows: list[Callable[[], int]] = [model._default_manager.count for model in (Patient, Lesion, Image, Case, AuditEntry, User)]
    before = [count() for count in rows]
    files = sorted(stored_files.rglob("*"))
    services.clear_away(now=NOW + timedelta(days=20_000))
    assert [count() for count in rows] == before
    assert sorted(stored_files.rglob("*")) == files


def test_it_costs_the_same_however_much_there_is(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as before:
        services.clear_away(now=NOW)
    for number in range(4):
        note(cast, read_at=ago(900))
        invited(cast, number, expires_at=ago(900))
    with CaptureQueriesContext(connection) as after:
        services.clear_away(now=NOW)
    assert len(after) == len(before) == 4


def test_it_may_run_twice(cast: Cast) -> None:
    note(cast, read_at=ago(900))
    assert [services.clear_away(now=NOW)["notifications"] for _ in range(2)] == [1, 0]


def test_the_clock_sends_it_once_a_day(cast: Cast) -> None:
    note(cast, read_at=ago(900))
    tasks.clear_away_task()
    assert not Notification.objects.exists()
    (entry,) = [entry for entry in installed.CELERY_BEAT_SCHEDULE.values() if entry["task"] == tasks.clear_away_task.name]
    assert entry["schedule"] == 24 * 60 * 60
