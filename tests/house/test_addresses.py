"""Nobody finds a record by counting: no address of ours takes a number, and every key in one is a UUID."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

THEIRS = ("admin", "mfa_")
"""Django's pages for administrators alone, and allauth's for one's own second factors."""
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


ROUTES = {name: patterns for name, patterns in pieces() if not name.startswith(THEIRS)}


@pytest.mark.parametrize("name", ROUTES)
def test_no_address_takes_a_number(name: str) -> None:
    taken = {key: kind for pattern in ROUTES[name] for key, kind in getattr(pattern, "converters", {}).items()}
    assert [key for key, kind in taken.items() if isinstance(kind, IntConverter)] == [], "a number is guessed: give the row a UUID"
    keys = [key for key in taken if key.endswith(("id", "pk"))]
    assert [key for key in keys if not isinstance(taken[key], UUIDConverter)] == [], "keys in addresses are UUIDs"
    if name not in ACCOUNT_KEYS:
        assert [pattern for pattern in ROUTES[name] if A_NUMBER.search(str(getattr(pattern, "_regex", "")))] == []


def test_there_are_routes_to_look_at() -> None:
    assert {"home", "patients:detail", "analysis:detail"} <= set(ROUTES)
