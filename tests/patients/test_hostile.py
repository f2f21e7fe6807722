"""Whatever a field or an address is sent, the answer is a page that somebody wrote: no traceback, nothing run, nothing half done."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.cast import Cast
from tests.test_routes import CASES, IDS, Route, arguments, data_of, rows

SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    "a\0b",
    f"'\"; DROP TABLE patients_patient; -- {SCRIPT} \u202e\U0001f600 {{{{ 7 }}}} %s",
    "9" * 5000,
    "9999-12-31",
    "",
]
POSTS = [(name, route) for name, route in CASES if route.method == "POST" and route.data]
POST_IDS = [one for one, (_, route) in zip(IDS, CASES, strict=True) if route.method == "POST" and route.data]
MORE_FIELDS: dict[str, tuple[str, ...]] = {
    "patients:new": ("skin_type", "risk_factors", "address", "shown"),
    "patients:edit": ("skin_type", "risk_factors", "address", "initial-family_name", "initial-birth_date"),
    "patients:lesion-new": ("first_noticed", "symptoms", "note"),
    "patients:lesion-edit": ("first_noticed", "symptoms", "note"),
    "patients:refer": ("red_flags", "question", "act"),
    "patients:case-edit": ("red_flags", "question", "act"),
    "patients:cases": ("after",),
    "patients:queue": ("addressed", "after"),
    "patients:list": ("page",),
    "patients:review": ("other_diagnosis", "follow_up_months", "text", "replaces"),
    "patients:review-draft": ("other_diagnosis", "follow_up_months", "text", "replaces"),
    "patients:review-second-opinion": ("text",),
    "patients:histology": ("other_diagnosis", "breslow_mm", "text"),
    "patients:impression": ("next",),
    "patients:practice": ("address", "phone"),
    "patients:pool": ("members",),
    "analysis:submit": ("taken_on", "magnification", "polarisation"),
}
"""Fields that the table of routes leaves empty."""


def allowed(cast: Cast, route: Route) -> Any:
    return cast.people[next(name for name, answer in route.answers.items() if answer < 400)]


@pytest.mark.parametrize(("name", "route"), POSTS, ids=POST_IDS)
def test_no_field_can_break_or_take_over_a_page(cast: Cast, client: Client, name: str, route: Route) -> None:
    path, plain = reverse(name, args=arguments(cast, route.arguments)), data_of(cast, route)
    client.force_login(allowed(cast, route))
    before = kept(rows())
    for field in {*plain, *MORE_FIELDS.get(name, ())} - {"image"}:
        for value in HOSTILE:
            with transaction.atomic():
                response = client.post(path, plain | {field: value})
                assert response.status_code < 500, (field, value[:40])
                assert SCRIPT.encode() not in response.getvalue(), field
                assert is_private(response), field
                assert response.status_code < 400 or kept(rows()) == before, (field, value[:40])
                transaction.set_rollback(True)


def kept(tables: dict[str, Any]) -> dict[str, Any]:
    """A refused form was read, and says so, with its notifications; what was typed into an answer is not lost."""
    not_kept = {"patients.AuditEntry", "patients.Notification", "patients.AnswerDraft"}
    return {name: content for name, content in tables.items() if name not in not_kept}


def is_private(response: Any) -> bool:
    return all(word in response.headers["Cache-Control"] for word in ("private", "no-store"))


def test_no_query_string_can_break_a_page_that_is_for_its_reader_alone(cast: Cast, client: Client) -> None:
    for name, route in CASES:
        if route.method != "GET":
            continue
        client.force_login(allowed(cast, route))
        with transaction.atomic():
            path = reverse(name, args=arguments(cast, route.arguments))
            assert client.head(path).status_code in {200, 302, 405}, name
            for value in HOSTILE[:3]:
                response = client.get(path, dict.fromkeys(["page", "next", "sort", "words", "all", "role", "practice", "state"], value))
                assert response.status_code < 400, name
                assert SCRIPT.encode() not in response.getvalue(), name
                assert is_private(response), name
            transaction.set_rollback(True)


@pytest.mark.parametrize("path", ["/patients/not-a-key/", "/cases/00000000-0000-0000-0000-00000000000g/", "/queue/news/-1/", "/%00/"])
def test_mangled_addresses_do_not_exist(cast: Cast, client: Client, path: str) -> None:
    client.force_login(cast.ada)
    assert client.get(path).status_code == 404


def test_a_number_longer_than_any_key_is_nobody(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    for kind in ("people", "practices", "pools"):
        for digits in (10, 20, 4000):
            assert client.get(f"/administration/{kind}/{'9' * digits}/").status_code == 404
    client.force_login(cast.dana)
    for digits in (15, 20, 30, 400):
        assert client.get(f"/queue/news/{'9' * digits}/").status_code == 200


def test_acts_are_no_links_and_need_the_token_of_the_page(cast: Cast) -> None:
    careful = Client(enforce_csrf_checks=True)
    for name, route in POSTS:
        careful.force_login(allowed(cast, route))
        with transaction.atomic():
            path = reverse(name, args=arguments(cast, route.arguments))
            before = rows()
            assert careful.post(path, data_of(cast, route)).status_code == 403, name
            assert rows() == before, name
            transaction.set_rollback(True)
