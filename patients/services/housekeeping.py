"""What nobody needs any more goes, once a day. Patients' records, their pictures and the audit trail are never touched here.

Each kind is one statement that says itself what it removes, so it may run twice, or beside somebody's work, and finds the rest tomorrow.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from patients import limits
from patients.models import AnswerDraft, CaseStatus, Invitation, Notification

logger = logging.getLogger(__name__)

OVER = (CaseStatus.CLOSED, CaseStatus.DISCARDED)


def clear_away(now: datetime | None = None) -> dict[str, int]:
    """How many went, by kind; the log says the same."""
    now = now or timezone.now()
    rows: dict[str, QuerySet[Model]] = {
        "sessions": Session.objects.filter(expire_date__lt=now),
        "notifications": Notification.objects.filter(read_at__lt=_before(now, limits.NOTIFICATIONS_KEPT_DAYS)),
        "invitations": Invitation.objects.filter(_is_stale(_before(now, limits.INVITATIONS_KEPT_DAYS))),
        "drafts": AnswerDraft.objects.filter(case__status__in=OVER, saved_at__lt=_before(now, limits.ANSWER_DRAFTS_KEPT_DAYS)),
    }
    gone = {kind: found.delete()[0] for kind, found in rows.items()}
    gone["mails"] = _remove_mails(Path(settings.EMAIL_FILE_PATH), _before(now, limits.MAIL_FILES_KEPT_DAYS))
    logger.info("cleared away", extra=gone)
    return gone


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _is_stale(since: datetime) -> Q:
    """Used, taken back or expired so long ago. One that was used is no longer needed: the trail tells how the account came about."""
    return Q(accepted_at__lt=since) | Q(revoked_at__lt=since) | Q(accepted_at=None, revoked_at=None, expires_at__lt=since)


def _remove_mails(folder: Path, before: datetime) -> int:
    """Files that were written instead of mails. Anything else somebody put there stays."""
    old = [path for path in folder.glob("*.log") if _is_old_file(path, before)] if folder.is_dir() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _is_old_file(path: Path, before: datetime) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:  # somebody tidied up meanwhile
        return False
