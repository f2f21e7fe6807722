"""When guessing stops: five wrong passwords, or five wrong codes, pause the account for five minutes.

Counted in the audit trail, so that it holds while Redis is down and however the account is named at the door. allauth's own
limits, which live in the cache, add the same for names that belong to nobody, and a limit for each network address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from patients import audit
from patients.models import AuditEntry, User

ATTEMPTS = 5
PAUSE = timedelta(minutes=5)
PASSWORD_FAILED = "account.login-failed"  # noqa: S105 - an action of the trail
FACTOR_FAILED = "account.factor-failed"
FAILURES = (PASSWORD_FAILED, FACTOR_FAILED)
SENTENCE = "Too many wrong attempts: this log-in is paused for five minutes. Wait, then try again. An administrator can see this."


def locked_until(user: User, failures: tuple[str, ...] = FAILURES) -> datetime | None:
    """The end of the pause, or None when this account may try."""
    ends = [_until(user, action) for action in failures]
    return max((end for end in ends if end is not None), default=None)


def _until(user: User, action: str) -> datetime | None:
    rows = AuditEntry.objects.filter(object_type=user._meta.label_lower, object_id=str(user.pk), action=action)
    times = rows.filter(at__gt=timezone.now() - PAUSE).order_by("-at").values_list("at", flat=True)[:ATTEMPTS]
    return times[ATTEMPTS - 1] + PAUSE if len(times) == ATTEMPTS else None


def record_failure(user: User, action: str, **detail: str) -> None:
    """The fifth one in five minutes leaves a second row: from now on the account waits."""
    audit.record(actor=AnonymousUser(), action=action, obj=user, detail=detail)
    if locked_until(user, (action,)):
        audit.record(actor=AnonymousUser(), action="account.locked", obj=user)
