"""Two people at one record: whoever saves second is told what changed meanwhile, and overwrites nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import get_text_list

from patients.models import AuditEntry, Lesion, Patient, User
from skinclinic.errors import ClinicError

Versioned: TypeAlias = Patient | Lesion
"""Rows with `version`, `changed_by` and `changed_at`."""


def save_changes(
    *, actor: User, row: Versioned, version: int, changes: Mapping[str, Any], derived: Mapping[str, Any] | None = None
) -> list[str]:
    """Writes what differs in one conditional UPDATE; the names of the changed fields, sorted.

    `row` comes fresh from the database, found by `get_for`; `version` is the one that the page showed. `derived` are columns that
    follow from the changes and are no news to anybody. The caller leaves the trace, with `detail=trace_of(row, changed)`, because
    the next who is too late is told from there what was changed. Raises ClinicError 409 when somebody else was faster.
    """
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    if not changed:
        return []
    values = {name: changes[name] for name in changed} | dict(derived or {})
    values |= {"version": version + 1, "changed_by": actor, "changed_at": timezone.now()}
    rows: QuerySet[Any] = type(row)._default_manager.filter(pk=row.pk, version=version)
    if not rows.update(**values):
        raise changed_meanwhile(row, version)
    for name, value in values.items():
        setattr(row, name, value)
    return changed


def trace_of(row: Versioned, changed: list[str]) -> dict[str, Any]:
    """What the audit trail keeps of a change: names and the version it made, no values."""
    return {"fields": changed, "version": row.version}


def changed_meanwhile(row: Versioned, version: int) -> ClinicError:
    """Who changed what, and when, since the page was opened."""
    seen = AuditEntry.objects.filter(object_type=row._meta.label_lower, object_id=str(row.pk), detail__version__gt=version)
    told = [_sentence(row, entry.actor_name, entry.detail.get("fields", []), entry.at) for entry in seen.order_by("id")]
    if not told:
        row.refresh_from_db(fields=["changed_by", "changed_at"])
        told = [_sentence(row, str(row.changed_by or "Somebody else"), [], row.changed_at or timezone.now())]
    advice = "Nothing of yours is saved yet. Look at what is there now, then save again."
    return ClinicError("changed_meanwhile", " ".join([*told, advice]), http_status=409)


def _sentence(row: Versioned, who: str, fields: list[str], when: datetime) -> str:
    names = [str(row._meta.get_field(name).verbose_name) for name in fields]  # type: ignore[union-attr]
    at = timezone.localtime(when)
    return f"{who} changed {get_text_list(names, 'and') or 'this record'} on {at:%-d %B %Y at %H:%M}."
