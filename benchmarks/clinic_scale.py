"""The pages of a large clinic: 100,000 patients, 300,000 images, 20,000 cases, half a million entries in the trail, all in one database.

Whole requests with every middleware, one after the other (one worker), with arguments that vary: median and 95th percentile of the
server's time, how much of it this process computed (the rest is the database's, or waiting for a busy machine), and the number of database
queries in a small clinic and in the large one, which must not grow (a search that finds nobody has fewer). Pages that do not exist are
left out. Last line JSON. `--explain MS` shows the plans of queries that take longer; `--keep DIR` leaves the filled database there and
measures it again the next time; `--only WORDS` measures the pages with these words in their name.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from skinclinic.local import programs, services

if TYPE_CHECKING:
    from benchmarks.scale.pages import Page
    from benchmarks.scale.rows import Size

LIMIT_MS = 100
COUNTED = 20
"""Requests of each page whose queries are counted."""
WARM_UP = 10
FILLED = "filled.json"
"""In the folder of a kept database: what it holds."""


def main() -> int:
    options = _options()
    with _clinic(options.keep):
        return _measure(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in {"patients": 100_000, "images": 300_000, "cases": 20_000, "trail": 500_000, "requests": 200}.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--practices", type=int, default=50, help="with 1, all patients are found by the same people")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="fill the database there, or measure the one that is there already")
    parser.add_argument("--only", default="", metavar="WORDS", help="leave out the other pages")
    parser.add_argument("--explain", type=float, metavar="MS", help="show the plans of queries that take longer")
    return parser.parse_args()


@contextmanager
def _clinic(kept: Path | None) -> Iterator[None]:
    """A database and a broker of its own, migrated, and empty unless it was kept; Django ready to answer in this process."""
    folder = kept.resolve() if kept else Path(tempfile.mkdtemp(prefix="skinclinic-scale-"))
    if kept and folder.exists() and any(folder.iterdir()) and not (folder / FILLED).exists():
        sys.exit(f"{folder} is not empty and holds no filled clinic. Name another folder, or delete this one.")
    (folder / "static").mkdir(parents=True, exist_ok=True)
    database, database_url = services.postgres(folder / "postgres")
    broker, broker_url = services.redis(folder / "redis")
    running = [(programs.start(program, folder / f"{program.name}.log"), program.stop_signal) for program in (database, broker)]
    try:
        services.wait_for_postgres(database_url, lambda: running[0][0].poll() is None)
        services.wait_for_redis(broker_url, lambda: running[1][0].poll() is None)
        _set_up(folder, database_url, broker_url)
        yield
    finally:
        for process, stop_signal in running:
            programs.stop(process, stop_signal, patience_s=60)
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _set_up(folder: Path, database_url: str, broker_url: str) -> None:
    os.environ |= {"DATABASE_URL": database_url, "REDIS_URL": broker_url, "DJANGO_SETTINGS_MODULE": "skinclinic.settings"}
    os.environ |= {"SECRET_KEY": "only-for-this-benchmark", "HTTPS": "0", "DEBUG": "0", "VAR_DIR": str(folder), "LOG_LEVEL": "ERROR"}
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    call_command("migrate", verbosity=0)


def _measure(options: argparse.Namespace) -> int:
    from benchmarks.scale import pages

    counts = _filled(options)
    small, large = (_pages(clinic, options.only) for clinic in ("small", "large"))
    few = {page.name: _queries(page) for page in small}
    measured = {page.name: _timed(page, options.requests) for page in large}
    for page in _pages("large", options.only):
        measured[page.name] |= {"queries_small": few[page.name], "queries": _queries(page)}
        if options.explain is not None:
            pages.explain(page, options.explain)
    report = {**counts, "requests": options.requests, "load": round(os.getloadavg()[0], 1), "pages": measured, **_verified()}
    report["all_under_100_ms"] = all(row["p95_ms"] < LIMIT_MS for row in measured.values())
    report["queries_constant"] = all(row["queries"] <= row["queries_small"] for row in measured.values())
    _show(measured)
    print(json.dumps(report))
    return 0


def _pages(clinic: str, words: str) -> list[Page]:
    from benchmarks.scale import pages

    return [page for page in pages.pages(clinic) if words in page.name]


def _filled(options: argparse.Namespace) -> dict[str, int]:
    """How many rows of each kind the large clinic has. What was kept is taken as it is, if it has the size asked for."""
    from benchmarks.scale.rows import Size

    sizes = {name: getattr(options, name) for name in ("patients", "images", "cases", "trail", "practices")}
    note = options.keep / FILLED if options.keep else None
    if note and note.exists():
        kept = json.loads(note.read_text())
        if kept["sizes"] != sizes:
            sys.exit(f"{options.keep} holds a clinic of another size: {kept['sizes']}.")
        return dict(kept["counts"])
    # Large enough for every way a search can go, so that the queries of the two can be compared.
    _fill(Size(patients=6000, images=9000, cases=600, trail=2000, practices=3), "small")
    counts = _fill(Size(**sizes), "large")
    if note:
        note.write_text(json.dumps({"sizes": sizes, "counts": counts}))
    return counts


def _fill(size: Size, name: str) -> dict[str, int]:
    from benchmarks.scale.rows import fill

    started_s = time.perf_counter()
    counts = fill(size, name)
    print(f"{name} clinic filled in {time.perf_counter() - started_s:.0f} s: {counts}", flush=True)
    return counts


def _timed(page: Page, requests: int) -> dict[str, Any]:
    times_ms, computed_ms = [], []
    for number in range(WARM_UP + requests):
        send = page.next_request()
        started_s, computed_s = time.perf_counter(), time.process_time()
        send()
        if number >= WARM_UP:
            times_ms.append((time.perf_counter() - started_s) * 1000)
            computed_ms.append((time.process_time() - computed_s) * 1000)
    p95 = quantiles(times_ms, n=20)[-1] if len(times_ms) > 1 else times_ms[0]
    spent = {"median_ms": round(median(times_ms), 1), "computed_ms": round(median(computed_ms), 1)}
    return {**spent, "p95_ms": round(p95, 1), "slowest_ms": round(max(times_ms), 1)}


def _queries(page: Page) -> int:
    """The most of several requests."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    most = 0
    for _ in range(COUNTED):
        send = page.next_request()
        with CaptureQueriesContext(connection) as queries:
            send()
        most = max(most, len(queries))
    return most


def _verified() -> dict[str, Any]:
    """How long proving the whole trail takes, and how much memory that adds."""
    from patients.trail import chain

    before_kb, started_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    verified = chain.verify()
    assert verified.broken == 0, verified.breaks
    more_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    return {"verified": verified.entries, "verify_s": round(time.perf_counter() - started_s, 1), "verify_more_mb": round(more_mb)}


def _show(measured: dict[str, dict[str, Any]]) -> None:
    print(f"{'page':44}{'median ms':>10}{'computed':>9}{'p95 ms':>9}{'slowest':>9}{'queries':>9}{'small':>7}")
    for name, row in measured.items():
        late = "" if row["p95_ms"] < LIMIT_MS else "  over the limit"
        grown = "" if row["queries"] <= row["queries_small"] else "  not constant"
        times = f"{row['median_ms']:10.1f}{row['computed_ms']:9.1f}{row['p95_ms']:9.1f}{row['slowest_ms']:9.1f}"
        figures = f"{times}{row['queries']:9}{row['queries_small']:7}"
        print(f"{name:44}{figures}{late}{grown}")


if __name__ == "__main__":
    sys.exit(main())
