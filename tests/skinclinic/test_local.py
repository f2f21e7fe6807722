"""`make run` as a person sees it: it comes up, looks after its own, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from skinclinic.local import runner, services
from skinclinic.local.programs import Program, start, stop
from tests.conftest import wait_until
from tests.house.sources import ROOT


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key = runner._secret_key(tmp_path / "secret-key")
    assert len(key) > 50
    assert runner._secret_key(tmp_path / "secret-key") == key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(services.ServiceError, match=f"Port {port} on 127.0.0.1 cannot be used"):
            runner._check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        ("0.0.0.0", "http://127.0.0.1:80/"),
        ("::", "http://[::1]:80/"),
        ("clinic", "http://clinic:80/"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, address: str) -> None:
    assert runner._address(host, 80) == address


def test_the_environment_wins_over_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("# PORT=1\nPORT=2\nHOST='a.example'\n")
    monkeypatch.setenv("PORT", "3")
    monkeypatch.setenv("HOST", "forgotten at the end")
    monkeypatch.delenv("HOST")
    runner._read_env_file(tmp_path / ".env")
    assert (os.environ["PORT"], os.environ["HOST"]) == ("3", "a.example")


@pytest.mark.parametrize(
    ("said", "demo"),
    [
        ({}, "1"),
        ({"HOST": "::1"}, "1"),
        ({"HOST": "0.0.0.0"}, "0"),
        ({"HOST": ""}, "0"),
        ({"DATABASE_URL": "postgresql://db.example/x"}, "0"),
    ],
)
def test_published_passwords_stay_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], demo: str) -> None:
    for name in ("HOST", "DATABASE_URL", "DEMO"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert runner.local_environment(tmp_path)["DEMO"] == demo


def test_long_paths_get_short_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    assert len(str(services.socket_folder(deep) / ".s.PGSQL.5432")) < 100
    assert services.socket_folder(deep) != services.socket_folder(deep / "other")


def test_a_pid_file_of_the_dead_is_removed(tmp_path: Path) -> None:
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(f"{os.getpid()}\n/elsewhere\n")  # alive, but not the server of this folder
    services._end_leftover(pid_file, str(tmp_path / "data"), signal.SIGTERM)
    assert not pid_file.exists()


def test_a_program_that_will_not_end_is_ended(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    log = tmp_path / "deaf.log"
    process = start(Program("deaf", (sys.executable, "-c", deaf)), log)
    wait_until(lambda: "deaf" in log.read_text(), what="the program")
    stop(process, patience_s=0.1)
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="skinclinic-run-") as name:
        yield Path(name)


def start_run(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], Path]:
    ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "VAR_DIR", "HTTPS"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    log = folder / "console.txt"
    with log.open("ab") as console:
        run = subprocess.Popen(
            [sys.executable, "-m", "skinclinic.local", "run"],
            cwd=ROOT,
            env=environment | {"VAR_DIR": str(folder), "PORT": str(port), "DEMO": "0"},
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    return run, log


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_worker(process: psutil.Process) -> bool:
    """The one that analyses, not the one that explains."""
    return any(part.startswith("worker@") for part in process.cmdline())


@pytest.mark.integration
def test_run_looks_after_its_own_and_leaves_nothing_behind(folder: Path) -> None:
    run, log = start_run(folder, free_port())
    wait_until(lambda: "Ready after" in log.read_text(), what="make run", is_alive=lambda: run.poll() is None, log=log)
    children = psutil.Process(run.pid).children(recursive=True)

    second, second_log = start_run(folder, free_port())
    assert second.wait(30) == 1, "two may not share one data folder"
    assert "already runs on the data" in second_log.read_text()

    worker = next(child for child in children if is_worker(child))
    worker.kill()
    wait_until(lambda: "worker was killed by SIGKILL; starting it again" in log.read_text(), what="the notice", log=log)
    wait_until(lambda: any(is_worker(child) for child in psutil.Process(run.pid).children()), what="the new worker", log=log)

    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    assert run.wait(30) == 0
    assert psutil.wait_procs(children, timeout=5)[1] == []


@pytest.mark.integration
def test_a_killed_run_takes_its_servers_along_and_starts_again(folder: Path) -> None:
    first, log = start_run(folder, free_port())
    wait_until(lambda: "Ready after" in log.read_text(), what="make run", is_alive=lambda: first.poll() is None, log=log)
    first.kill()
    first.wait()
    again, _ = start_run(folder, free_port())
    wait_until(lambda: log.read_text().count("Ready after") == 2, what="the second start", is_alive=lambda: again.poll() is None, log=log)
    again.send_signal(signal.SIGTERM)
    assert again.wait(30) == 0
