"""How long practices wait for their answers: figures alone, no patient, computed by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from patients.models import Case, Role, Urgency, User, Viewer, role_of
from patients.models.cases import READ, overdue

BY_NAME = "Addressed by name"


@dataclass(frozen=True)
class Level:
    """Of the cases that were sent in a period. `overdue` alone counts what is open and late now, whenever it was sent."""

    name: str
    sent: int
    answered: int
    median_h: float | None
    """Hours from sending to the answer, without those in which the practice was waited for; None without an answer."""
    p90_h: float | None
    late: int
    """Answered after they were due."""
    overdue: int


@dataclass(frozen=True)
class Period:
    days: int
    by_urgency: list[Level]
    by_pool: list[Level]


def service_levels(viewer: Viewer, days: int) -> Period:
    """An administrator's of all, a dermatologist's of what is addressed to them and their pools. Two queries."""
    since = timezone.now() - timedelta(days=days)
    cases = _cases_of(viewer)
    urgencies = {row["name"]: row for row in _levels(cases, "urgency", since)}
    pools = _levels(cases, Coalesce("to_pool__name", Value(BY_NAME)), since)
    by_urgency = [_level(Urgency(key).label, urgencies.get(key)) for key in Urgency.values]
    return Period(days, by_urgency, [_level(row["name"], row) for row in pools])


class Percentile(Aggregate):
    """The value below which a share of all lies, interpolated."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Any, share: float, **extra: Any) -> None:
        super().__init__(expression, share=share, **extra)


def _cases_of(viewer: Viewer) -> QuerySet[Case]:
    if role_of(viewer) == Role.ADMIN:
        return Case.objects.all()
    if isinstance(viewer, User) and role_of(viewer) == Role.DERMATOLOGIST:
        return Case.objects.filter(Q(to_user=viewer) | Q(to_pool__in=list(viewer.pools.values_list("pk", flat=True))))
    return Case.objects.none()


def _levels(cases: QuerySet[Case], group: Any, since: datetime) -> list[dict[str, Any]]:
    in_period, late_now = Q(sent_at__gte=since), overdue()
    answered = in_period & Q(status__in=READ)
    took = ExpressionWrapper(F("answered_at") - F("sent_at") - F("paused"), output_field=DurationField())
    found = cases.filter(in_period | late_now).annotate(name=F(group) if isinstance(group, str) else group, took=took).values("name")
    levels = found.annotate(
        sent=Count("pk", filter=in_period),
        answered=Count("pk", filter=answered),
        median=Percentile("took", 0.5, filter=answered),
        p90=Percentile("took", 0.9, filter=answered),
        late=Count("pk", filter=answered & Q(answered_at__gt=F("due_at"))),
        overdue=Count("pk", filter=late_now),
    )
    return [dict(row) for row in levels.order_by("name")]


def _level(name: str, row: dict[str, Any] | None) -> Level:
    if row is None:
        return Level(name, 0, 0, None, None, 0, 0)
    return Level(name, row["sent"], row["answered"], _hours(row["median"]), _hours(row["p90"]), row["late"], row["overdue"])


def _hours(took: timedelta | None) -> float | None:
    return None if took is None else took / timedelta(hours=1)
