"""Telling people: in the app at once, by e-mail soon after."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from patients import audit
from patients import permissions as rules
from patients.models import Case, Notification, Pool, Role, User, role_of

logger = logging.getLogger(__name__)


def notify(people: Iterable[User], kind: Notification.Kind, case: Case, *, but: User | None = None) -> None:
    """One notification each, in the current transaction; nobody is told what they did themselves (`but`)."""
    told = {person.pk: person for person in people if person.is_active and person != but}
    Notification.objects.bulk_create(Notification(to=person, kind=kind, case=case) for person in told.values())
    if told:
        transaction.on_commit(publish)


def publish() -> None:
    """Tell a worker. If the broker cannot be reached the mails wait for the minute's own run: nobody sees an error page."""
    from patients.tasks import mail_notifications_task

    try:
        mail_notifications_task.delay()
    except (BrokerError, RedisError):
        logger.warning("broker unreachable, mails wait for the next minute")


def members(target: User | Pool | None) -> list[User]:
    """Everybody behind a target of a case."""
    if isinstance(target, Pool):
        return list(target.members.all())
    return [target] if target else []


def askers(case: Case) -> list[User]:
    """Whoever asked; when they have left the practice, everybody who treats there: an answer, or a replaced one, must reach somebody."""
    practice = case.lesion.patient.practice_id
    if role_of(case.by) == Role.GP and case.by.practice_id == practice:
        return [case.by]
    return list(User.objects.filter(role=Role.GP, practice=practice, is_active=True))


def mark_read(*, actor: User, notification: Notification) -> None:
    seen = rules.get_for(actor, Notification.objects.all(), notification.pk)
    Notification.objects.unread().filter(pk=seen.pk).update(read_at=timezone.now())


def mark_all_read(*, actor: User) -> None:
    Notification.objects.visible_to(actor).unread().update(read_at=timezone.now())


def mark_read_for(*, viewer: User, case: Case) -> None:
    """Whoever has opened the case knows what the notifications of it would say."""
    Notification.objects.visible_to(viewer).unread().filter(case=case).update(read_at=timezone.now())


def change_preferences(*, actor: User, language: str, mails: Iterable[str]) -> None:
    """In which language somebody is written to, and of which kinds of notifications they get mails."""
    off = sorted(set(Notification.Kind.values) - set(mails))
    with transaction.atomic():
        User.objects.filter(pk=actor.pk).update(language=language, mails_off=off)
        audit.record(actor=actor, action="account.preferences", obj=actor, detail={"fields": ["language", "mails_off"]})
