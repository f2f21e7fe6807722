"""Proves that the audit trail is as it was written: every hash computed anew, from the rows alone.

A seal covers the entry, its position and the seal before, so a row that was changed, removed, added behind the back of the trigger or
moved breaks the chain where it stands. What the chain cannot show by itself is that its newest rows went together with their seals, or
that all of it was written anew: for that, heads are kept elsewhere (`patients.trail.anchors`, and on paper).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from patients.models import AuditSeal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SHOWN_BREAKS = 20

# One statement sees one moment: people go on working while this runs. Entries without a seal come last.
ROWS = """
SELECT s.position, s.sha256, s.entry_id, e.id, e.at, e.actor_id, e.actor_name, e.actor_role, e.action, e.object_type, e.object_id,
       e.patient_id, e.detail::text
  FROM patients_auditseal s FULL JOIN patients_auditentry e ON e.id = s.entry_id
 ORDER BY s.position NULLS LAST, e.id
"""


class Head(NamedTuple):
    """The newest seal at some moment: whoever has written it down can prove that nothing before it was touched."""

    position: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.position}:{self.sha256}"


class Break(NamedTuple):
    position: int | None
    """None for an entry that has no place in the chain."""
    what: str


class Row(NamedTuple):
    position: int | None
    sha256: str
    sealed_id: int
    id: int | None
    at: datetime
    actor_id: int | None
    actor_name: str
    actor_role: str
    action: str
    object_type: str
    object_id: str
    patient_id: object
    detail: str


@dataclass
class Report:
    entries: int = 0
    head: Head | None = None
    breaks: list[Break] = field(default_factory=list)
    """The first `SHOWN_BREAKS` of them, in the order of the chain."""
    broken: int = 0

    def add(self, position: int | None, what: str) -> None:
        self.broken += 1
        if len(self.breaks) < SHOWN_BREAKS:
            self.breaks.append(Break(position, what))


def head() -> Head | None:
    newest = AuditSeal.objects.order_by("-position").first()
    return Head(newest.position, newest.sha256) if newest else None


def verify(known: Iterable[Head] = ()) -> Report:
    """Walks the whole chain once, a few thousand rows in memory at a time, and compares it with the heads that are `known`."""
    report, expected = Report(), _by_position(known)
    for row in _rows():
        if row.position is None:
            report.add(None, f"entry {row.id} of {row.at:%Y-%m-%d %H:%M:%S} has no seal: it was added where the trigger did not see it.")
            continue
        _check(row, row.position, report, expected.pop(row.position, set()))
    for position in sorted(expected):
        report.add(position, "a head was noted here, but the chain no longer has this position: its newest entries are gone.")
    return report


def _rows() -> Iterator[Row]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(ROWS)
        for values in cursor:
            yield Row(*values)


def _by_position(heads: Iterable[Head]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for position, sha256 in heads:
        found.setdefault(position, set()).add(sha256)
    return found


def _check(row: Row, position: int, report: Report, noted: set[str]) -> None:
    """One seal against its entry, the seal before it and the heads noted for its position."""
    before = report.head
    first_missing = before.position + 1 if before else 1
    if position != first_missing:
        report.add(first_missing, f"the chain goes on at {position} instead: seals were removed or renumbered.")
    elif row.id is None:
        report.add(position, f"entry {row.sealed_id}, which is sealed here, was removed.")
    elif row.sha256 != digest(row, before.sha256 if before else None):
        report.add(position, f"entry {row.id} of {row.at:%Y-%m-%d %H:%M:%S}, or its seal, was altered or moved.")
    if noted - {row.sha256}:
        report.add(position, "another head was noted here: the chain was written anew up to this position or beyond.")
    report.head = Head(position, row.sha256)
    report.entries += row.id is not None


def digest(row: Row, before: str | None) -> str:
    """What the seal of this row must say. Independent of the database's function in patients/migrations/0009_audit_chain.py."""
    at_us = (row.at - EPOCH) // MICROSECOND
    entry = (row.id, at_us, row.actor_id, row.actor_name, row.actor_role, row.action, row.object_type, row.object_id, row.patient_id)
    fields = (before, row.position, *entry, row.detail)
    return hashlib.sha256(b"".join(map(_framed, fields))).hexdigest()


def _framed(value: Any) -> bytes:
    """A field with its length in bytes before it, so that two neighbours cannot be cut in another place."""
    if value is None:
        return b"-,"
    text = str(value).encode()
    return b"%d:%s," % (len(text), text)
