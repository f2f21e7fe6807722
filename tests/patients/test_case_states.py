"""Every act on a case in every state: the few that belong there are done, all others are refused in words and change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from patients.models import Case, CaseStatus
from tests.cast import Cast
from tests.factories import make_case
from tests.patients.answering import ANSWER
from tests.test_routes import rows

S = CaseStatus
SIGNED = ANSWER | {"step": "sign"}
ACTS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "case-edit": ("ada", {"target_key": "emil", "urgency": "soon", "act": "draft"}, {S.DRAFT}),
    "case-discard-draft": ("ada", {}, {S.DRAFT}),
    "case-reply": ("ada", {"text": "Since May."}, {S.INFO_ASKED}),
    "case-withdraw": ("ada", {"reason": "Excised."}, {S.DRAFT, S.WAITING, S.INFO_ASKED}),
    "case-readdress": ("ada", {"target_key": "emil"}, {S.WAITING}),
    "case-close": ("ada", {}, {S.ANSWERED}),
    "case-end-second": ("ada", {}, {S.SECOND_OPINION}),
    "review-take": ("dana", {}, {S.WAITING}),
    "review-release": ("dana", {}, {S.CLAIMED}),
    "review-ask": ("dana", {"text": "Since when?"}, {S.CLAIMED}),
    "review-discard": ("dana", {"reason": "Sent twice."}, {S.CLAIMED}),
    "review-second-opinion": ("dana", {"target_key": "emil"}, {S.ANSWERED}),
    "review": ("dana", SIGNED, {S.CLAIMED}),
    "review-draft": ("dana", ANSWER, {S.CLAIMED}),
}
"""Route → who acts, what they send, and the states in which it is done."""
NOT_THERE: dict[str, int] = {S.DRAFT: 404, S.DISCARDED: 410}
"""For dermatologists."""
IN_WORDS = {"review-take": {302}, "case-edit": {302}, "review-draft": {403}}
"""Those that lead back to the case with a message, or are sent by a script; the others show a page."""


def case_in(cast: Cast, status: str) -> Case:
    second = {"second_to_user": cast.emil} if status == S.SECOND_OPINION else {}
    return make_case(cast.free_lesion, status, to_user=cast.dana, **second)


def without_reading(tables: dict[str, Any]) -> dict[str, Any]:
    return {name: content for name, content in tables.items() if name != "patients.AuditEntry"}


@pytest.mark.parametrize("status", CaseStatus.values)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_done_where_it_belongs_and_refused_elsewhere(cast: Cast, client: Client, act: str, status: str) -> None:
    name, data, states = ACTS[act]
    case = case_in(cast, status)
    client.force_login(cast.people[name])
    sent = data | ({"target_key": f"user-{cast.emil.public_id}"} if "target_key" in data else {})
    before = without_reading(rows())
    response = client.post(reverse(f"patients:{act}", args=[case.pk]), sent)
    if status in states:
        assert response.status_code in {204, 302}
        assert without_reading(rows()) != before
        return
    expected = {NOT_THERE[status]} if name == "dana" and status in NOT_THERE else IN_WORDS.get(act, {400, 409})
    assert response.status_code in expected
    assert without_reading(rows()) == before


@pytest.mark.parametrize("act", [act for act in ACTS if act not in {"review-draft", "case-edit"}])
def test_sending_a_page_twice_does_it_once(cast: Cast, client: Client, act: str) -> None:
    name, data, states = ACTS[act]
    case = case_in(cast, max(states))
    client.force_login(cast.people[name])
    sent = data | ({"target_key": f"user-{cast.emil.public_id}"} if "target_key" in data else {})
    path = reverse(f"patients:{act}", args=[case.pk])
    client.post(path, sent)
    before = without_reading(rows())
    with transaction.atomic():
        response = client.post(path, sent)
    assert response.status_code < 500
    assert without_reading(rows()) == before


@pytest.mark.parametrize("status", CaseStatus.values)
def test_whoever_the_case_is_not_addressed_to_finds_none(cast: Cast, client: Client, status: str) -> None:
    case = make_case(cast.free_lesion, status, to_user=cast.dana, **({"second_to_user": cast.dana} if status == S.SECOND_OPINION else {}))
    client.force_login(cast.emil)
    before = rows()
    for act, (name, data, _) in ACTS.items():
        if name == "dana":
            assert client.post(reverse(f"patients:{act}", args=[case.pk]), data).status_code == 404
    for page in ("case", "review", "review-replace"):
        assert client.get(reverse(f"patients:{page}", args=[case.pk])).status_code == 404
    assert client.get(reverse("analysis:case-findings", args=[case.pk])).status_code == 404
    assert client.get(reverse("analysis:letter", args=[case.pk, "referrer"])).status_code == 404
    assert rows() == before
