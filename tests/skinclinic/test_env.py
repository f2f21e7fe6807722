"""Settings from the environment: typed, with sentences for what is missing or wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from skinclinic import env
from tests.house.sources import ROOT


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("off", False), ("", False)])
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("X", value)
    assert env.flag("X") is expected


def test_what_is_neither_yes_nor_no_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="X must be one of"):
        env.flag("X")


def test_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a.example, ,b.example ")
    assert env.words("X") == ["a.example", "b.example"]
    assert env.words("NOT_SET", "c") == ["c"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann:p%40ss@db.example:5433/clinic", ("clinic", "ann", "p@ss", "db.example", "5433")),
        ("postgresql://ann@/clinic?host=%2Fvar%2Frun%2Fdb", ("clinic", "ann", "", "/var/run/db", "")),
    ],
)
def test_database_urls(monkeypatch: pytest.MonkeyPatch, url: str, expected: tuple[str, ...]) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    database = env.database()
    assert tuple(database[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected


def test_other_databases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x")
    with pytest.raises(ImproperlyConfigured, match="postgresql://"):
        env.database()


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://:pw@redis.example:6379/0", "redis://:pw@redis.example:6379/0", "redis://:pw@redis.example:6379/1"),
        ("unix:///run/redis.sock?db=0", "redis+socket:///run/redis.sock?virtual_host=0", "unix:///run/redis.sock?db=1"),
    ],
)
def test_the_cache_is_kept_apart_from_the_queues(url: str, broker: str, cache: str) -> None:
    assert env.broker_url(url) == broker
    assert env.redis_database(url, 1) == cache


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_without_what_it_needs_it_does_not_start(name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != name}
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"Set the environment variable {name}" in done.stderr


def test_doors_are_closed_by_default() -> None:
    script = (
        "from django.conf import settings as s\n"
        "assert not s.DEBUG and s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.SECURE_SSL_REDIRECT and s.SECURE_HSTS_SECONDS"
    )
    environment = {key: value for key, value in os.environ.items() if key not in {"HTTPS", "DEBUG"}}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("value", "expected"), [("https://skin.example/", "https://skin.example"), ("", "http://127.0.0.1:8000")])
def test_addresses(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    monkeypatch.setenv("X", value)
    assert env.address("X", "http://127.0.0.1:8000") == expected


@pytest.mark.parametrize("value", ["skin.example", "https://*.example", "ftp://skin.example", "https://skin.example/?x"])
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match="X must be an address"):
        env.address("X", "http://127.0.0.1:8000")
