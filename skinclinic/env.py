"""Typed reading of the environment. Every setting that may differ between machines is read here and listed in `.env.example`."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str | None = None) -> str:
    """The variable `name`; without a default it must be set and not empty."""
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name} (see .env.example); skinclinic does not start without it.")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be one of 1, 0, true, false, yes, no, on, off; it is {value!r}.")
    return value in _TRUE


def number(name: str, default: float) -> float:
    value = os.environ.get(name) or str(default)
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number; it is {value!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name) or default
    return [word.strip() for word in value.split(",") if word.strip()]


def address(name: str, default: str) -> str:
    """`https://host` or `http://host:port`, where a site begins; no slash at its end."""
    value = text(name, default).rstrip("/")
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or "*" in url.hostname or url.query or url.fragment:
        raise ImproperlyConfigured(f"{name} must be an address like https://skin.example; it is {value!r}.")
    return value


def database(name: str = "DATABASE_URL") -> dict[str, Any]:
    """`postgresql://user:password@host:port/name`, or `postgresql://user@/name?host=/socket/folder`, as Django wants it."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgresql://; no other database is supported.")
    query = parse_qs(url.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.get("host", [unquote(url.hostname or "")])[0],
        "PORT": str(url.port or query.get("port", [""])[0]),
    }


def redis_database(redis_url: str, number: int) -> str:
    """The same server, its database `number`: the cache may be cleared without touching the queues."""
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        return f"unix://{url.path}?db={number}"
    return url._replace(path=f"/{number}").geturl()


def broker_url(redis_url: str) -> str:
    """Celery spells a Redis behind a Unix socket differently from redis-py: `unix://` becomes `redis+socket://`."""
    url = urlsplit(redis_url)
    if url.scheme != "unix":
        return redis_url
    db = parse_qs(url.query).get("db", ["0"])[0]
    return f"redis+socket://{url.path}?virtual_host={db}"
