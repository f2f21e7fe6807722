"""Sending what people are told by e-mail: one mail for each person and run, nothing twice, nothing lost.

A notification is claimed by one conditional UPDATE, which also says when it may be tried again should the worker die or the mail be
refused; so two workers never send the same. A mail server that cannot be reached ends the run and costs no attempt of anybody else.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPConnectError, SMTPException, SMTPServerDisconnected
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from patients import mail
from patients.models import Notification, User

logger = logging.getLogger(__name__)

RETRY_AFTER = (timedelta(minutes=2), timedelta(minutes=30), timedelta(hours=4), timedelta(hours=20))
"""After each refusal. The first is longer than a mail may take, so that nobody else tries meanwhile."""
MAX_ATTEMPTS = len(RETRY_AFTER) + 1


class _UnreachableError(Exception):
    """Nobody answers at the mail server: the rest of the run would wait in vain as well."""


def mail_notifications(now: datetime | None = None) -> None:
    """Mails whatever is due."""
    now = now or timezone.now()
    Notification.objects.unwanted_by_mail().update(by_mail=False)
    people = list(User.objects.filter(pk__in=Notification.objects.due(now).values("to")))
    if not people:
        return
    connection: BaseEmailBackend = get_connection()
    try:
        connection.open()
        for person in people:
            _mail_to(person, connection, now)
    except (OSError, SMTPException, _UnreachableError) as error:
        logger.warning("mail server unreachable, %d people wait for their mail", len(people), extra={"reason": type(error).__name__})
    finally:
        connection.close()


def _mail_to(person: User, connection: BaseEmailBackend, now: datetime) -> None:
    claimed = _claim(person, now)
    if not claimed:
        return
    try:
        _message(person, claimed, connection).send()
    except (SMTPServerDisconnected, SMTPConnectError, TimeoutError, ConnectionError) as error:
        raise _UnreachableError from error
    except (SMTPException, OSError, ValueError) as error:  # ValueError: an address or a header that cannot be written
        _count_failure(claimed, error)
    else:
        _of(claimed).update(mailed_at=timezone.now())


def _claim(person: User, now: datetime) -> list[Notification]:
    """Everything that is due for one person, as far as no other worker was faster."""
    claim = uuid4()
    mine = {"mail_claim": claim, "mail_attempts": F("mail_attempts") + 1, "mail_after": now + RETRY_AFTER[0]}
    if not Notification.objects.due(now).filter(to=person).update(**mine):
        return []
    return list(Notification.objects.filter(mail_claim=claim).select_related("case").order_by("at"))


def _message(person: User, notifications: list[Notification], connection: BaseEmailBackend) -> EmailMessage:
    news = [mail.News(notification.kind, notification.case.reference) for notification in notifications]
    pages = (settings.PUBLIC_URL + reverse(name) for name in ("patients:notifications", "patients:preferences"))
    written = mail.compose(person.language, news, *pages)
    return EmailMessage(written.subject, written.body, to=[person.email], headers=mail.HEADERS, connection=connection)


def _count_failure(notifications: list[Notification], error: Exception) -> None:
    """Later and later again, and at last not any more. The log names neither people nor addresses: servers put them into their words."""
    now = timezone.now()
    for notification in notifications:
        attempts = notification.mail_attempts
        if attempts < MAX_ATTEMPTS:
            _of([notification]).update(mail_after=now + RETRY_AFTER[attempts - 1])
            continue
        _of([notification]).update(mail_failed_at=now)
        logger.error("mail given up", extra={"notification": notification.pk, "attempts": attempts, "reason": type(error).__name__})


def _of(claimed: list[Notification]) -> QuerySet[Notification]:
    """As long as they are ours: a claim that ran out may be somebody else's by now."""
    return Notification.objects.filter(pk__in=[one.pk for one in claimed], mail_claim=claimed[0].mail_claim)
