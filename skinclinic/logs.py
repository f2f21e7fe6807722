"""Structured logs: one JSON object a line, and never a name, a record number or a query string in it."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NOT_FOR_LOGS = frozenset({"request", "server_time", "exc_info", "data"})

_ROW_VALUES = re.compile(r"DETAIL: .*?(?=\n\n(?:The above|During handling of the above) exception|\Z)", re.DOTALL)
"""What PostgreSQL adds to a refusal: the whole row, a patient's name in it."""

log = logging.getLogger("skinclinic.request")


class LineFormatter(logging.Formatter):
    """Time, level, logger, message, and whatever simple values the caller put in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD_FIELDS | _NOT_FOR_LOGS}
        if record.exc_info:
            line["traceback"] = _without_rows(self.formatException(record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """Django's own messages end with the path of the request, and that names records: its route stands there instead."""
    message, request = _without_rows(record.getMessage()), getattr(record, "request", None)
    return message.replace(request.path, route_of(request)) if isinstance(request, HttpRequest) else message


def _without_rows(text: str) -> str:
    return _ROW_VALUES.sub("DETAIL: left out", text)


def route_of(request: HttpRequest) -> str:
    """The pattern, not the path: keys of patients stay out of the log."""
    return request.resolver_match.route if request.resolver_match else "-"


class RequestLogMiddleware:
    """One line for each request: who (by key), which route, how it ended, how long it took."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        log.info(
            "request",
            extra={
                "method": request.method,
                "route": route_of(request),
                "status": response.status_code,
                "user": getattr(getattr(request, "user", None), "pk", None),
                "duration_ms": round(1000 * (time.perf_counter() - started), 1),
            },
        )
        return response
