"""`make run`: servers, database, demo data, web, worker and clock, kept alive until Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skinclinic.local import programs, services
from skinclinic.local.programs import Program

BASE_DIR = Path(__file__).resolve().parents[2]
HEALTH_LIMIT_S = 60.0
STEADY_AFTER_S = 30.0
"""A program that lived this long had started well: its next restart is not counted as another failure in a row."""
LONGEST_PAUSE_S = 30.0
LARGEST_LOG_BYTES = 10 * 2**20
AS_ROOT = (
    "Running as root: PostgreSQL is given the system account skinclinic-db, which is let through (not into) the folders above the data.\n"
    "An ordinary account needs neither."
)
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """A program that is kept alive, and what its recent past was like."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes]
    started_at_s: float = field(default_factory=time.monotonic)
    failures: int = 0
    restart_at_s: float | None = None

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


class Household:
    """All children, in the order they were started; they end in the reverse order."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []

    def add(self, program: Program) -> Child:
        log = self.logs / f"{program.name}.log"
        _roll(log)
        child = Child(program, log, programs.start(program, log))
        self.children.append(child)
        return child

    def look_after(self) -> None:
        """Notice who died, say so, and start them again after a pause that grows with every failure in a row."""
        now_s = time.monotonic()
        for child in self.children:
            if child.restart_at_s is None and not child.is_alive:
                self._mourn(child, now_s)
            elif child.restart_at_s is not None and now_s >= child.restart_at_s:
                child.process = programs.start(child.program, child.log)
                child.started_at_s, child.restart_at_s = now_s, None

    def _mourn(self, child: Child, now_s: float) -> None:
        child.failures = 1 if now_s - child.started_at_s > STEADY_AFTER_S else child.failures + 1
        pause_s = min(0.5 * 2 ** (child.failures - 1), LONGEST_PAUSE_S)
        child.restart_at_s = now_s + pause_s
        say(f"{child.program.name} {_how_it_ended(child.process.returncode)}; starting it again in {pause_s:g} s (log: {child.log})")

    def stop(self) -> None:
        for child in reversed(self.children):
            programs.stop(child.process, child.program.stop_signal)


def run() -> int:
    """Run everything until told to stop; the exit code for the shell."""
    _read_env_file(BASE_DIR / ".env")
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    var = Path(os.environ.get("VAR_DIR", BASE_DIR / "var")).resolve()
    var.mkdir(parents=True, exist_ok=True)
    _end_on_signals()
    try:
        with _only_one(var), _household(var / "log") as household:
            _check_port(host, port)
            _open(household, var, host, port)
            while True:
                time.sleep(0.2)
                household.look_after()
    except services.ServiceError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The data stays; `make run` starts again where you left.")
        return 0


def _open(household: Household, var: Path, host: str, port: int) -> None:
    started_s = time.monotonic()
    say("Starting …")
    os.environ.update(local_environment(var))
    _start_services(household, var)
    logins = _prepare(var)
    household.add(_web(host, port))
    address = _address(host, port)
    _wait_for_health(household, address)  # before the worker, which keeps all processors busy while it loads its models
    household.add(_worker("worker", "inference,default"))
    household.add(_worker("worker-explain", "explain"))
    household.add(_beat())
    say(f"Ready after {time.monotonic() - started_s:.1f} s: {address}")
    if host not in LOOPBACK and not os.environ.get("ALLOWED_HOSTS"):
        say("Other devices are answered once ALLOWED_HOSTS names this machine as they do, e.g. ALLOWED_HOSTS=192.168.1.10")
    if logins:
        say(logins)
    say("Ctrl-C stops everything.")


# --- Before the programs -------------------------------------------------------------------------------------------


def local_environment(var: Path) -> dict[str, str]:
    """What the settings ask for and the environment does not say, for one's own machine."""
    defaults = {
        "DJANGO_SETTINGS_MODULE": "skinclinic.settings",
        "VAR_DIR": str(var),
        "SECRET_KEY": _secret_key(var / "secret-key"),
        "HTTPS": "0",
        "DEMO": "1" if _is_private() else "0",
        "DATABASE_URL": services.postgres_url(var / "postgres"),
        "REDIS_URL": services.redis_url(var / "redis"),
        "PUBLIC_URL": _address(os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))),
    }
    return {name: value for name, value in defaults.items() if not os.environ.get(name)}


def _is_private() -> bool:
    """Demo people have a published password: only on a database of our own, behind an address nobody else can reach."""
    return not os.environ.get("DATABASE_URL") and os.environ.get("HOST", "127.0.0.1") in LOOPBACK


def _start_services(household: Household, var: Path) -> None:
    if os.environ["DATABASE_URL"] == services.postgres_url(var / "postgres"):
        if os.geteuid() == 0:
            say(AS_ROOT)
        program, url = services.postgres(var / "postgres")
        database = household.add(program)
        services.wait_for_postgres(url, lambda: database.is_alive)
    if os.environ["REDIS_URL"] == services.redis_url(var / "redis"):
        program, url = services.redis(var / "redis")
        broker = household.add(program)
        services.wait_for_redis(url, lambda: broker.is_alive)


def _prepare(var: Path) -> str:
    """Tables, static files and demo data; what the demo command printed (its log-ins)."""
    argv = [sys.executable, "-m", "skinclinic.local", "prepare"]
    with (var / "log" / "prepare.log").open("wb") as log:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, check=False, cwd=BASE_DIR)
    if done.returncode:
        raise services.ServiceError(f"The database or the demo data could not be made ready; {log.name} says why.")
    return done.stdout.decode().strip()


def _secret_key(path: Path) -> str:
    """Made once for this installation, readable by its owner alone."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text().strip()


def _read_env_file(path: Path) -> None:
    """`NAME=value` lines; the real environment wins."""
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


@contextlib.contextmanager
def _only_one(var: Path) -> Iterator[None]:
    with (var / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise services.ServiceError(f"skinclinic already runs on the data in {var}; stop it first or set VAR_DIR.") from None
        yield


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Port {port} on {host} cannot be used ({error.strerror}); choose another one, e.g. PORT={port + 1} make run."
            raise services.ServiceError(message) from None


# --- The programs --------------------------------------------------------------------------------------------------


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server, also when it listens everywhere."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"


def _python(name: str, *arguments: str, stop_signal: signal.Signals = signal.SIGTERM) -> Program:
    return Program(name, (sys.executable, "-m", *arguments), {"PYTHONUNBUFFERED": "1"}, stop_signal)


def _web(host: str, port: int) -> Program:
    threads = os.environ.get("WEB_THREADS", "8")
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return _python("web", "gunicorn", "skinclinic.wsgi", "--bind", bind, "--worker-class", "gthread", "--threads", threads)


def _worker(name: str, queues: str) -> Program:
    node = ("-n", f"{name}@%h", "--without-gossip", "--without-mingle")
    return _python(name, "celery", "-A", "skinclinic", "worker", "--pool=solo", "-Q", queues, *node)


def _beat() -> Program:
    return _python("beat", "celery", "-A", "skinclinic", "beat")


def _wait_for_health(household: Household, address: str) -> None:
    deadline_s = time.monotonic() + HEALTH_LIMIT_S
    while not _is_healthy(address):
        if time.monotonic() > deadline_s:
            raise services.ServiceError(f"The web server does not answer at {address}; {household.logs / 'web.log'} says why.")
        time.sleep(0.1)
        household.look_after()


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}health/", timeout=5) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except (urllib.error.URLError, OSError, ValueError):
        return False


# --- The console ---------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def _household(logs: Path) -> Iterator[Household]:
    logs.mkdir(parents=True, exist_ok=True)
    household = Household(logs)
    try:
        yield household
    finally:
        _ignore_signals()
        household.stop()


def _end_on_signals() -> None:
    """Each of them is treated like Ctrl-C."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)


def _ignore_signals() -> None:
    """A second, impatient Ctrl-C must not leave servers behind."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _how_it_ended(returncode: int) -> str:
    return f"was killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"ended with code {returncode}"


def _roll(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def run_command(argv: list[str]) -> int:
    """Run one command in the environment of `make run`, e.g. `python -m skinclinic.local exec python manage.py shell`."""
    _read_env_file(BASE_DIR / ".env")
    var = Path(os.environ.get("VAR_DIR", BASE_DIR / "var")).resolve()
    var.mkdir(parents=True, exist_ok=True)
    return subprocess.call(argv, env={**os.environ, **local_environment(var)})
