"""How long a log-in lasts: it ends when it was not used for a while, and after a working day in any case.

`SESSION_ENGINE`: Django's sessions in the database, whose expiry is moved forward by use but never beyond the working day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from skinclinic.errors import wants_json

RENEW_AFTER_S = 60
"""A session in use is written once a minute, not with every page."""
NOTICE_S = 120
"""The page asks so long before the end whether somebody is still there."""
_BEGAN = "_began_at"


class SessionStore(db.SessionStore):
    expires_at: datetime | None = None
    """As it stood when the session was read; None for one that was made by this request."""

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # unknown to the stubs
        self.expires_at = row.expire_date if row else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        data.setdefault(_BEGAN, timezone.now().timestamp())
        return super().create_model_instance(data)

    def cycle_key(self) -> None:
        """Somebody logs in: the working day begins now, not with the page before the log-in."""
        self.pop(_BEGAN, None)
        super().cycle_key()

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        return min(super().get_expiry_date(**kwargs), self.latest_end)

    @property
    def latest_end(self) -> datetime:
        began = self.get(_BEGAN) or timezone.now().timestamp()
        return datetime.fromtimestamp(began, timezone.get_current_timezone()) + timedelta(seconds=settings.SESSION_MAX_AGE_S)

    @property
    def left_s(self) -> int:
        """Seconds until it ends if nobody does anything."""
        return max(0, round(((self.expires_at or self.get_expiry_date()) - timezone.now()).total_seconds()))

    @property
    def is_worth_renewing(self) -> bool:
        return self.expires_at is not None and self.get_expiry_date() - self.expires_at > timedelta(seconds=RENEW_AFTER_S)


class RenewalMiddleware:
    """Whoever opens or sends something stays logged in. What a page asks for by itself does not count, or it would never end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _is_by_hand(request) and request.user.is_authenticated and _store(request).is_worth_renewing:
            request.session.modified = True
        return response


def _is_by_hand(request: HttpRequest) -> bool:
    if not hasattr(request, "user") or request.resolver_match is None:
        return False
    in_background = "HX-Request" in request.headers or wants_json(request) or request.resolver_match.url_name == "session"
    return request.method == "POST" or not in_background


def _store(request: HttpRequest) -> SessionStore:
    return cast(SessionStore, request.session)


def left_s(request: HttpRequest) -> int:
    return _store(request).left_s


def renewed_s(request: HttpRequest) -> int:
    """Seconds until it ends, counted from this request."""
    return max(0, round((_store(request).get_expiry_date() - timezone.now()).total_seconds()))


def person_mark(request: HttpRequest) -> str:
    """Tells two people apart without naming either; empty for the anonymous."""
    return salted_hmac("skinclinic.sessions", str(request.user.pk)).hexdigest()[:16] if request.user.is_authenticated else ""


def clock(request: HttpRequest) -> dict[str, Any]:
    """For every page: whose it is and when their session ends, as static/skinclinic/session.js needs it."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {"has_mail": bool(settings.EMAIL_HOST)}
    ends = {"person": person_mark(request), "left_s": renewed_s(request), "idle_s": settings.SESSION_COOKIE_AGE, "notice_s": NOTICE_S}
    return {"session_clock": ends, "has_mail": bool(settings.EMAIL_HOST)}


def end_sessions_of(user_id: int) -> int:
    """Logs somebody out everywhere. Sessions do not name their person in a column, so the open ones are read one by one."""
    open_rows = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    theirs = [row.pk for row in open_rows if row.get_decoded().get("_auth_user_id") == str(user_id)]
    return Session.objects.filter(pk__in=theirs).delete()[0]
