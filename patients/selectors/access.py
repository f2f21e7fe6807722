"""Who has looked at or changed one patient's record, newest first, in words for the patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.utils.timezone import localdate

from patients.models import AuditEntry, BreakGlass, Patient
from patients.trail import words

CHUNK = 2000


@dataclass(frozen=True)
class Act:
    at: datetime
    name: str
    role: str
    words: str
    reason: str = ""
    """Why an administrator opened the record."""
    times: int = 1
    since: datetime | None = None
    """When the first of several like it was, where this one stands for them."""

    def is_like(self, other: Act) -> bool:
        mine, theirs = ((act.name, act.role, act.words, act.reason, localdate(act.at)) for act in (self, other))
        return mine == theirs


def access_keys(patient: Patient) -> list[int]:
    """Every entry of the trail about this patient, or about a list that showed this patient among others.

    Keys first: each half is found by an index of its own, and a page of them is fetched by key. One query for both in the order of time
    might walk through everybody's trail instead.
    """
    rows = AuditEntry.objects.order_by()
    listed = rows.filter(detail__has_key="patients", detail__contains={"patients": [str(patient.pk)]})
    own = rows.filter(patient=patient)
    return list(own.values_list("id", flat=True).union(listed.values_list("id", flat=True)).order_by("-id"))


def acts(patient: Patient, keys: Sequence[int]) -> list[Act]:
    """Two queries, however many keys."""
    entries = AuditEntry.objects.in_bulk(keys)
    reasons = dict(BreakGlass.objects.filter(patient=patient).values_list("pk", "reason"))
    return [_act(entries[key], reasons) for key in keys]


def all_acts(patient: Patient, keys: Sequence[int]) -> Iterator[Act]:
    """The same for as many as there are, a few thousand in memory at a time."""
    for start in range(0, len(keys), CHUNK):
        yield from acts(patient, keys[start : start + CHUNK])


def gathered_acts(patient: Patient, keys: Sequence[int]) -> list[Act]:
    """What one person did again and again on one day, without doing anything else between, in one line with its number."""
    lines: list[Act] = []
    for act in acts(patient, keys):
        if lines and lines[-1].is_like(act):
            lines[-1] = replace(lines[-1], times=lines[-1].times + 1, since=act.at)
        else:
            lines.append(act)
    return lines


def _act(entry: AuditEntry, reasons: dict[UUID, str]) -> Act:
    reason = reasons.get(UUID(entry.object_id), "") if entry.object_type == BreakGlass._meta.label_lower else ""
    return Act(at=entry.at, name=words.actor(entry), role=words.role(entry), words=words.sentence(entry), reason=reason)
