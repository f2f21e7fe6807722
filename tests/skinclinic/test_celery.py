"""The watchdog of the solo pool, which enforces no limits of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.house.sources import ROOT

SCRIPT = """
import time
from types import SimpleNamespace
from skinclinic import celery
celery.start_watchdog(task=SimpleNamespace(time_limit=0.2))
{then}
time.sleep(1)
print("still here")
"""


def run(then: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(then=then)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_job_that_hangs_ends_its_process() -> None:
    done = run("")
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "still here" not in done.stdout


def test_a_finished_job_is_left_in_peace() -> None:
    done = run("celery.stop_watchdog()")
    assert (done.returncode, done.stdout.strip()) == (0, "still here")
