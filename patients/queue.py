"""The order of the queue: a published rule, pure arithmetic on what is known of a case.

Cases stand in the order of the moment they are due, each put forward by a *head start* in hours:

    stands_at = due_at - head start
    due_at    = sent_at + allowance of its urgency + time spent waiting for information
    head start = red flags (24 h each, at most 72) + checklist (from 3 points on: 24 h and 8 h for each point above)
                 + picture analysis (72 h times the highest probability of malignancy)

Three properties follow, and tests hold them to it. Nothing that is known puts a case back: no term is negative, so the analysis of
pictures can raise a case and never lower it. Nothing starves: a head start is at most `MAX_HEAD_START_H`, so no case is ever overtaken
by one that is due that much later. And the order does not depend on the clock: waiting counts by itself, because what
arrives later is due later, so a place is computed once and again only when something new is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

ALLOWANCE_H = {"urgent": 24, "soon": 72, "routine": 240}
"""Hours to the answer, by urgency: the service levels of an installation that states no others (SLA_HOURS)."""
RED_FLAG_H = 24
MAX_RED_FLAGS_H = 72
CHECKLIST_FROM = 3
"""Points of the weighted 7-point checklist from which it calls for an urgent referral."""
CHECKLIST_H = 24
CHECKLIST_POINT_H = 8
ALERT_H = 72
MAX_HEAD_START_H = MAX_RED_FLAGS_H + CHECKLIST_H + CHECKLIST_POINT_H * (10 - CHECKLIST_FROM) + ALERT_H


@dataclass(frozen=True)
class Facts:
    """All that the order depends on."""

    due_at: datetime
    red_flags: tuple[str, ...] = ()
    checklist_score: int | None = None
    """0 to 10."""
    alert: float | None = None
    """The highest probability of malignancy, 0 to 1, that an analysis of the lesion's pictures has stated."""


@dataclass(frozen=True)
class Reason:
    """Why a case stands further ahead than by its due time."""

    kind: str
    """red_flags, checklist or alert."""
    hours: float


def due_at(sent_at: datetime, urgency: str, allowance_h: dict[str, int] | None = None) -> datetime:
    return sent_at + timedelta(hours=(allowance_h or ALLOWANCE_H)[urgency])


def reasons(facts: Facts) -> list[Reason]:
    """What puts the case forward, and by how many hours each; nothing that does not."""
    found = [
        Reason("red_flags", min(RED_FLAG_H * len(set(facts.red_flags)), MAX_RED_FLAGS_H)),
        Reason("checklist", _checklist_h(facts.checklist_score)),
        Reason("alert", ALERT_H * (facts.alert or 0.0)),
    ]
    return [reason for reason in found if reason.hours > 0]


def stands_at(facts: Facts) -> datetime:
    """The place in the queue: the earlier, the further ahead."""
    return facts.due_at - timedelta(hours=sum(reason.hours for reason in reasons(facts)))


def highest(alerts: Iterable[float | None]) -> float | None:
    """Alerts only ever rise: the highest of all that are known."""
    return max((alert for alert in alerts if alert is not None), default=None)


def _checklist_h(score: int | None) -> float:
    if score is None or score < CHECKLIST_FROM:
        return 0
    return CHECKLIST_H + CHECKLIST_POINT_H * (score - CHECKLIST_FROM)
