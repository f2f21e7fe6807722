"""The published order of the queue, held to its three promises whatever the facts are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients import queue
from patients.models import RedFlag, Urgency
from patients.queue import Facts

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
shares = st.floats(0, 1)
cases = st.builds(
    Facts,
    due_at=moments,
    red_flags=st.lists(st.sampled_from(RedFlag.values), unique=True).map(tuple),
    checklist_score=st.none() | st.integers(0, 10),
    alert=st.none() | shares,
)


def head_start_h(facts: Facts) -> float:
    return (facts.due_at - queue.stands_at(facts)) / timedelta(hours=1)


@given(cases, shares)
def test_the_analysis_never_lowers_a_place(facts: Facts, alert: float) -> None:
    assert queue.stands_at(replace(facts, alert=alert)) <= queue.stands_at(replace(facts, alert=None))


@given(cases, shares, shares)
def test_a_higher_alert_never_lowers_a_place(facts: Facts, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert queue.stands_at(replace(facts, alert=high)) <= queue.stands_at(replace(facts, alert=low))


@given(cases, st.sampled_from(RedFlag.values), st.integers(0, 10))
def test_knowing_more_never_lowers_a_place(facts: Facts, flag: str, score: int) -> None:
    place = queue.stands_at(facts)
    assert queue.stands_at(replace(facts, red_flags=(*facts.red_flags, flag))) <= place
    assert queue.stands_at(replace(facts, checklist_score=max(score, facts.checklist_score or 0))) <= place


@given(cases, cases)
def test_nothing_starves(facts: Facts, later: Facts) -> None:
    """Whatever is known of a case that is due a whole head start later, it does not come first."""
    late = replace(later, due_at=facts.due_at + timedelta(hours=queue.MAX_HEAD_START_H, seconds=1))
    assert queue.stands_at(facts) < queue.stands_at(late)


@given(cases)
def test_a_head_start_has_its_limit(facts: Facts) -> None:
    assert 0 <= head_start_h(facts) <= queue.MAX_HEAD_START_H


def test_the_limit_can_be_reached() -> None:
    assert head_start_h(Facts(NOON, tuple(RedFlag.values), 10, 1.0)) == queue.MAX_HEAD_START_H == 224


@given(st.lists(cases, min_size=2, max_size=6), st.integers(-(10**6), 10**6))
def test_the_order_does_not_depend_on_the_clock(several: list[Facts], seconds: int) -> None:
    """Shifting every moment alike changes no place among the others: it is the differences that count."""
    shift = timedelta(seconds=seconds)
    order = sorted(range(len(several)), key=lambda at: (queue.stands_at(several[at]), at))
    shifted = [replace(facts, due_at=facts.due_at + shift) for facts in several]
    assert sorted(range(len(shifted)), key=lambda at: (queue.stands_at(shifted[at]), at)) == order


@given(cases, cases, cases)
def test_the_order_is_total(one: Facts, two: Facts, three: Facts) -> None:
    """Places are moments, so any two can be compared, and of three the order is never a circle."""
    a, b, c = (queue.stands_at(facts) for facts in (one, two, three))
    assert (a < b) + (b < a) + (a == b) == 1
    assert not (a <= b <= c) or a <= c


@given(cases)
def test_the_reasons_are_the_whole_head_start(facts: Facts) -> None:
    reasons = queue.reasons(facts)
    assert sum(reason.hours for reason in reasons) == pytest.approx(head_start_h(facts), abs=1e-6)
    assert all(reason.hours > 0 for reason in reasons)


@given(cases, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_waiting_for_the_practice_moves_due_time_and_place_alike(facts: Facts, waited: timedelta) -> None:
    assert queue.stands_at(replace(facts, due_at=facts.due_at + waited)) == queue.stands_at(facts) + waited


@pytest.mark.parametrize(("score", "hours"), [(None, 0), (0, 0), (2, 0), (3, 24), (5, 40), (10, 80)])
def test_the_checklist_counts_from_three(score: int | None, hours: int) -> None:
    assert head_start_h(Facts(NOON, checklist_score=score)) == hours


def test_a_flag_set_twice_counts_once() -> None:
    assert head_start_h(Facts(NOON, ("bleeding", "bleeding"))) == 24


@pytest.mark.parametrize("urgency", Urgency.values)
def test_every_urgency_has_its_allowance(urgency: str) -> None:
    assert queue.due_at(NOON, urgency) == NOON + timedelta(hours=queue.ALLOWANCE_H[urgency])
    assert queue.due_at(NOON, urgency, {urgency: 5}) == NOON + timedelta(hours=5)


def test_the_highest_of_no_alerts_is_none() -> None:
    assert queue.highest([]) is queue.highest([None]) is None
    assert queue.highest([None, 0.25, 0.75]) == 0.75


# --- The example that is published ------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "queue.md"
ROW = re.compile(
    r"^\| (?P<name>[A-Z]) \| (?P<sent>[^|]+) \| (?P<urgency>\w+) \| (?P<flags>\d) \| (?P<score>[\d–]+) \| (?P<alert>[\d.–]+) "
    r"\| (?P<due>[^|]+) \| (?P<head>[\d.]+) h \| (?P<stands>[^|]+) \| (?P<place>\d) \|$",
    re.MULTILINE,
)


def moment(text: str) -> datetime:
    return datetime.strptime(f"{text.strip()} 2026", "%a %d %b %H:%M %Y").replace(tzinfo=UTC)


def test_the_published_example_is_what_the_rule_says() -> None:
    rows = [match.groupdict() for match in ROW.finditer(PAGE.read_text())]
    assert [row["name"] for row in rows] == list("ABCDE")
    places = {}
    for row in rows:
        flags = tuple(RedFlag.values[: int(row["flags"])])
        score = None if row["score"] == "–" else int(row["score"])
        alert = None if row["alert"] == "–" else float(row["alert"])
        facts = Facts(queue.due_at(moment(row["sent"]), row["urgency"]), flags, score, alert)
        assert facts.due_at == moment(row["due"])
        assert head_start_h(facts) == pytest.approx(float(row["head"]))
        assert queue.stands_at(facts) == moment(row["stands"])
        places[row["name"]] = queue.stands_at(facts)
    assert [row["name"] for row in sorted(rows, key=lambda row: row["place"])] == sorted(places, key=lambda name: places[name])


def test_the_published_figures_are_those_of_the_rule() -> None:
    text = PAGE.read_text()
    for figure in (
        f"{queue.RED_FLAG_H} hours each, at most {queue.MAX_RED_FLAGS_H}",
        f"from {queue.CHECKLIST_FROM} points on {queue.CHECKLIST_H} hours, and {queue.CHECKLIST_POINT_H} for each point above",
        f"{queue.ALERT_H} hours times",
        f"at most {queue.MAX_HEAD_START_H} hours",
        *(f"| {urgency} | {hours} hours |" for urgency, hours in queue.ALLOWANCE_H.items()),
    ):
        assert figure in text, figure
