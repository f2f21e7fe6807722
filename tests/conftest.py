"""What every test stands on: a real PostgreSQL and a real Redis of its own, no network but loopback, real workers on demand."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skinclinic.local import programs, services

if TYPE_CHECKING:
    from tests.cast import Cast

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = Path(tempfile.mkdtemp(prefix="skinclinic-tests-"))
"""This run's own VAR_DIR, database and broker; removed at the end."""

EXTERNAL_POSTGRES = os.environ.get("TEST_DATABASE_URL")
EXTERNAL_REDIS = os.environ.get("TEST_REDIS_URL")
"""Servers to test on instead of our own: emptied, so never those of an installation, whose DATABASE_URL and REDIS_URL are ignored."""
os.environ |= {
    "DATABASE_URL": EXTERNAL_POSTGRES or services.postgres_url(RUN_DIR / "postgres"),
    "REDIS_URL": EXTERNAL_REDIS or services.redis_url(RUN_DIR / "redis"),
    "DJANGO_SETTINGS_MODULE": "skinclinic.settings",
    "SECRET_KEY": "only-for-tests",
    "HTTPS": "0",
    "DEBUG": "0",
    "VAR_DIR": str(RUN_DIR),
    "LOG_LEVEL": "WARNING",
}
(RUN_DIR / "static").mkdir()


def pytest_configure(config: pytest.Config) -> None:
    """Read and quicken the settings, now that the environment is complete; pytest-django sets Django up with them right after."""
    from django.conf import settings

    assert not settings.DEBUG
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ.pop("DJANGO_SETTINGS_MODULE")  # processes that share the work read this file first, for servers of their own


# --- Servers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[None]:
    if EXTERNAL_POSTGRES:
        yield
        return
    program, url = services.postgres(RUN_DIR / "postgres", durable=False)
    process = programs.start(program, RUN_DIR / "postgres.log")
    services.wait_for_postgres(url, lambda: process.poll() is None)
    yield
    programs.stop(process, program.stop_signal)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[None]:
    if EXTERNAL_REDIS:
        yield
        return
    program, url = services.redis(RUN_DIR / "redis")
    process = programs.start(program, RUN_DIR / "redis.log")
    services.wait_for_redis(url, lambda: process.poll() is None)
    yield
    programs.stop(process, program.stop_signal)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: None, redis_server: None) -> None:
    """pytest-django asks for this before it makes the test database: the moment to have servers."""


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest) -> None:
    """Rate limits live in the cache; one test's wrong passwords are not the next one's."""
    if {"db", "transactional_db", "client", "live_server"} & set(request.fixturenames):
        request.getfixturevalue("redis_server")
        from django.core.cache import cache

        cache.clear()


def pytest_unconfigure() -> None:
    shutil.rmtree(RUN_DIR, ignore_errors=True)


# --- No network ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise AssertionError(f"A test wanted to reach {address[0]}; tests talk to this machine alone.")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


# --- Real workers --------------------------------------------------------------------------------------------------

StartProcess = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[StartProcess]:
    """`start_worker(queues="inference,explain,default", **environment)` starts a real Celery worker on the test database and
    broker, waits until it is ready and returns its Popen. Kill it, start another; what is left at the end is stopped.
    """
    yield from _celery_starter("worker", "--pool=solo", "--without-gossip", "--without-mingle", ready="ready.")


@pytest.fixture
def start_beat(transactional_db: None) -> Iterator[StartProcess]:
    """`start_beat(**environment)` starts the clock of the periodic tasks, e.g. `start_beat(SWEEP_INTERVAL_S="0.5")`."""
    yield from _celery_starter("beat", "--schedule", str(RUN_DIR / "beat-schedule"), ready="")


def _celery_starter(command: str, *options: str, ready: str) -> Iterator[StartProcess]:
    _flush_redis()
    processes: list[subprocess.Popen[bytes]] = []

    def start(queues: str = "inference,explain,default", **environment: str) -> subprocess.Popen[bytes]:
        log = RUN_DIR / f"{command}-{time.monotonic_ns()}.log"
        of_queues = ["-Q", queues] if command == "worker" else []
        argv = (sys.executable, "-m", "celery", "-A", "skinclinic", command, *options, *of_queues)
        process = programs.start(programs.Program(command, argv, _worker_environment() | environment), log)
        processes.append(process)
        wait_until(lambda: ready in log.read_text(), what=f"celery {command}", is_alive=lambda: process.poll() is None, log=log)
        return process

    yield start
    for process in processes:
        programs.stop(process)
    _flush_redis()


def _worker_environment() -> dict[str, str]:
    from django.conf import settings
    from django.db import connection

    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"]
    database = f"/{services.DATABASE}"
    test_url = url.replace(f"{database}?", f"/{name}?") if "?" in url else f"{url.rpartition('/')[0]}/{name}"
    files = Path(settings.STORAGES["default"]["OPTIONS"]["location"])  # where this test keeps them (`stored_files`)
    return {"DATABASE_URL": test_url, "VAR_DIR": str(files.parent), "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1"}


def _flush_redis() -> None:
    from django.conf import settings
    from redis import Redis

    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


def wait_until(
    condition: Callable[[], object], *, what: str, limit_s: float = 60, is_alive: Callable[[], bool] = lambda: True, log: Path | None = None
) -> None:
    """Look every 50 ms; fail with the end of `log` when it takes longer than `limit_s` or the process is gone."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline or not is_alive():
            tail = log.read_text()[-3000:] if log else ""
            pytest.fail(f"Waited in vain for {what}.\n{tail}")
        time.sleep(0.05)


# --- The people of every test --------------------------------------------------------------------------------------


@pytest.fixture
def cast(db: None, stored_files: Path) -> Cast:
    """The people and records of tests/cast.py."""
    from tests.cast import build_cast

    return build_cast()


@pytest.fixture
def stored_files(tmp_path: Path) -> Iterator[Path]:
    """The folder in which this test's uploads end, its own and empty."""
    from django.conf import settings
    from django.test import override_settings

    folder = tmp_path / "files"
    folder.mkdir()
    default = settings.STORAGES["default"]
    moved = default | {"OPTIONS": default["OPTIONS"] | {"location": folder}}
    with override_settings(STORAGES=settings.STORAGES | {"default": moved}):
        yield folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real transactions are cleaned up by TRUNCATE, which the audit trail refuses; its own test switches that on again."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patients_auditentry DISABLE TRIGGER patients_auditentry_no_truncate")
        cursor.execute("ALTER TABLE patients_auditseal DISABLE TRIGGER patients_auditseal_no_truncate")
