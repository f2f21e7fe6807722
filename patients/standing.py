"""Why a case stands where it stands in the queue, in words."""

from __future__ import annotations

from patients import queue
from patients.models import Case, RedFlag

BY_DUE_TIME = "Stands by its due time alone."
AFTER_IMPRESSION = "What the analysis of the pictures adds is shown after your own impression of them."


def why(case: Case, *, hides_analysis: bool = False) -> str:
    """`hides_analysis`: this reader is to say first what they think, so nothing here may tell what the analysis thinks; that also goes
    for the sum, and for whether there is an analysis at all."""
    if case.due_at is None:
        return ""
    facts = queue.Facts(case.due_at, tuple(case.red_flags), case.checklist_score, None if hides_analysis else case.alert)
    reasons = queue.reasons(facts)
    parts = [_words(reason, facts) for reason in reasons]
    if hides_analysis:
        return f"Put forward: {', '.join(parts)}. {AFTER_IMPRESSION}" if parts else AFTER_IMPRESSION
    if not parts:
        return BY_DUE_TIME
    return f"Put forward {duration(sum(reason.hours for reason in reasons))}: {', '.join(parts)}."


def duration(hours: float) -> str:
    """52 hours are "2 d 4 h"."""
    days, rest = divmod(round(hours), 24)
    if not days:
        return f"{rest} h" if rest else "less than 1 h"
    return f"{days} d {rest} h" if rest else f"{days} d"


def _words(reason: queue.Reason, facts: queue.Facts) -> str:
    names = {
        "red_flags": ", ".join(_lower(RedFlag(flag).label) for flag in facts.red_flags),
        "checklist": f"checklist {facts.checklist_score} of 10",
        "alert": "picture analysis",
    }
    return f"{names[reason.kind]} ({_hours(reason.hours)})"


def _hours(hours: float) -> str:
    return f"{round(hours)} h" if round(hours) else "less than 1 h"


def _lower(label: str) -> str:
    return f"{label[:1].lower()}{label[1:]}"
