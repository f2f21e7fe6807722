"""News in the app: the bell, the list, what is read, and who chooses their mails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from patients import services, tasks
from patients.models import AuditEntry, Case, Notification, User
from patients.services.notifications import notify
from tests.cast import Cast

Kind = Notification.Kind
LIST = "/notifications/"


def tell(person: User, case: Case, kind: Kind = Kind.CASE_SENT) -> Notification:
    notify([person], kind, case)
    return Notification.objects.filter(to=person).latest("at")


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_bell_counts_what_is_unread(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    assert "unread" not in text(client, reverse("home"))
    for _ in range(2):
        tell(cast.dana, cast.case)
    tell(cast.emil, cast.pooled_case)
    assert "Notifications: 2 unread" in text(client, reverse("home"))


def test_the_bell_costs_one_query_and_the_anonymous_none(cast: Cast, client: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        text(client, reverse("account_login"))
    assert not [query for query in asked if "patients_notification" in query["sql"]]
    client.force_login(cast.dana)
    for _ in range(3):
        tell(cast.dana, cast.case)
    with CaptureQueriesContext(connection) as asked:
        text(client, reverse("home"))
    assert len([query for query in asked if "patients_notification" in query["sql"]]) == 1


def test_the_list_names_the_case_by_its_reference_alone(cast: Cast, client: Client) -> None:
    tell(cast.dana, cast.case)
    client.force_login(cast.dana)
    page = text(client, LIST)
    assert "A case is waiting" in page
    assert cast.case.reference in page
    assert "Archer" not in page
    assert "heek" not in page


def test_everybody_sees_their_own(cast: Cast, client: Client) -> None:
    tell(cast.dana, cast.case)
    client.force_login(cast.emil)
    assert cast.case.reference not in text(client, LIST)


def test_the_list_does_not_cost_more_when_it_grows(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    tell(cast.dana, cast.case)
    with CaptureQueriesContext(connection) as before:
        text(client, LIST)
    for case in (cast.case, cast.pooled_case) * 40:
        tell(cast.dana, case)
    with CaptureQueriesContext(connection) as after:
        page = text(client, LIST)
    assert len(after) == len(before) <= 12
    assert "Page 1 of 2" in page
    assert "Page 2 of 2" in text(client, f"{LIST}?page=2")
    assert "Page 2 of 2" in text(client, f"{LIST}?page=99")
    assert "Page 1 of 2" in text(client, f"{LIST}?page=x")


def test_one_is_marked_as_read_and_stays_in_the_list(cast: Cast, client: Client) -> None:
    first, second = tell(cast.dana, cast.case), tell(cast.dana, cast.case, Kind.BREACH)
    client.force_login(cast.dana)
    assert client.post(reverse("patients:notification-read", args=[first.pk]), follow=True).status_code == 200
    assert list(Notification.objects.unread()) == [second]
    assert "A case is waiting" in text(client, LIST)


def test_reading_twice_keeps_the_first_moment(cast: Cast) -> None:
    notification = tell(cast.dana, cast.case)
    earlier = timezone.now() - timedelta(days=1)
    Notification.objects.update(read_at=earlier)
    services.mark_read(actor=cast.dana, notification=notification)
    notification.refresh_from_db()
    assert notification.read_at == earlier


def test_all_are_marked_as_read_but_nobody_elses(cast: Cast, client: Client) -> None:
    for _ in range(3):
        tell(cast.dana, cast.case)
    others = tell(cast.ada, cast.case)
    client.force_login(cast.dana)
    client.post(reverse("patients:notifications-read"))
    assert list(Notification.objects.unread()) == [others]


def test_nobody_marks_what_is_not_theirs(cast: Cast, client: Client) -> None:
    notification = tell(cast.dana, cast.case)
    client.force_login(cast.emil)
    assert client.post(reverse("patients:notification-read", args=[notification.pk])).status_code == 404
    assert Notification.objects.unread().exists()


def test_opening_the_case_reads_its_news_alone(cast: Cast) -> None:
    tell(cast.dana, cast.case)
    other_case, other_person = tell(cast.dana, cast.pooled_case), tell(cast.ada, cast.case)
    services.mark_read_for(viewer=cast.dana, case=cast.case)
    assert set(Notification.objects.unread()) == {other_case, other_person}


# --- Choosing one's mails -------------------------------------------------------------------------------------------------


def test_somebody_chooses_their_mails_and_language(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    response = client.post(reverse("patients:preferences"), {"language": "de", "mails": [Kind.BREACH.value, Kind.INFO_GIVEN.value]})
    assert response.status_code == 302
    cast.dana.refresh_from_db()
    assert cast.dana.language == "de"
    assert set(cast.dana.mails_off) == set(Kind.values) - {"breach", "info_given"}
    page = text(client, reverse("patients:preferences"))
    assert page.count("checked") == 2
    assert AuditEntry.objects.get(action="account.preferences").detail == {"fields": ["language", "mails_off"]}


@pytest.mark.parametrize("form", [{"language": "xx"}, {"language": "en", "mails": ["surprise"]}, {}])
def test_impossible_choices_change_nothing(cast: Cast, client: Client, form: dict[str, object]) -> None:
    client.force_login(cast.dana)
    assert client.post(reverse("patients:preferences"), form or {"x": "y"}).status_code == 400
    cast.dana.refresh_from_db()
    assert (cast.dana.language, cast.dana.mails_off) == ("en", [])
    assert not AuditEntry.objects.exists()


def test_somebody_without_an_address_is_told_so(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    assert "no e-mail address" in text(client, reverse("patients:preferences"))


# --- How the mails are set off --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, OperationalError(), RedisConnectionError()])
def test_mails_are_set_off_when_the_news_is_kept_and_a_broker_that_is_down_disturbs_nobody(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception | None, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    send = Mock(side_effect=error)
    monkeypatch.setattr(tasks.mail_notifications_task, "delay", send)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        services.refer_lesion(actor=cast.ada, lesion=cast.free_lesion, to=cast.dana)
        assert not send.called
    send.assert_called_once_with()
    assert Notification.objects.filter(to=cast.dana).exists()


def test_news_for_nobody_set_nothing_off(cast: Cast, django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        notify([], Kind.BREACH, cast.case)
    assert callbacks == []


def test_the_clock_knows_both_tasks() -> None:
    scheduled = {entry["task"]: entry for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for name in ("patients.tasks.mail_notifications_task", "patients.tasks.mark_breaches_task"):
        assert scheduled[name]["schedule"] == 60
        assert settings.CELERY_TASK_ROUTES[name] == {"queue": "default"}
