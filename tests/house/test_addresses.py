"""Nobody finds a record by counting: every key in an address is a UUID, and a number in one is never a key."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

NO_KEYS = {"since"}
"""Numbers that are a moment, not a row."""
ACCOUNT_KEYS = {"account_reset_password_from_key", "account_confirm_email"}
"""allauth's, by a signed secret from an e-mail."""
A_NUMBER = re.compile(r"\\d|\[0-9\]")


def pieces(resolver: URLResolver | None = None, name: str = "") -> Iterator[tuple[str, list[object]]]:
    """Every route with its name, and the patterns its address is put together from."""
    for found in (resolver or get_resolver()).url_patterns:
        if isinstance(found, URLPattern):
            yield f"{name}{found.name}", [found.pattern]
        elif isinstance(found, URLResolver):
            space = f"{name}{found.namespace}:" if found.namespace else name
            for inner, patterns in pieces(found, space):
                yield inner, [found.pattern, *patterns]


ROUTES = dict(pieces())


@pytest.mark.parametrize("name", ROUTES)
def test_no_address_takes_a_key_that_can_be_guessed(name: str) -> None:
    taken = {key: kind for pattern in ROUTES[name] for key, kind in getattr(pattern, "converters", {}).items()}
    numbers = {key for key, kind in taken.items() if isinstance(kind, IntConverter)}
    assert numbers <= NO_KEYS, "a number is guessed: give the row a UUID"
    keys = [key for key in taken if key.endswith(("id", "pk"))]
    assert [key for key in keys if not isinstance(taken[key], UUIDConverter)] == [], "keys in addresses are UUIDs"
    if name not in ACCOUNT_KEYS and not numbers:
        assert [pattern for pattern in ROUTES[name] if A_NUMBER.search(str(getattr(pattern, "_regex", "")))] == []


def test_there_are_routes_to_look_at() -> None:
    assert {"home", "patients:detail", "analysis:detail"} <= set(ROUTES)
