"""From upload to result: one 600×450 image at a time through the real web server, broker, database and worker.

Prints the median wall time, what of it the networks took, and the rest (queueing and bookkeeping). Last line JSON.
Options by environment: UPLOADS (default 20).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from analysis.vision import imaging
from tests.synthetic import draw_lesion

ROOT = Path(__file__).resolve().parent.parent
UPLOADS = int(os.environ.get("UPLOADS", "20"))
POLL_S = 0.01
LINK = r'href="(/{}/[0-9a-f-]{{36}}/)"'


def main() -> int:
    with running_clinic() as address:
        browser = Browser(address)
        browser.log_in("ada", "skinclinic-demo")
        patient = browser.first_link("/patients/", "patients")
        lesion = browser.first_link(patient, "lesions")
        browser.upload(lesion, drawn_png(0))  # the first one warms caches on the way
        runs = [browser.upload(lesion, drawn_png(seed)) for seed in range(1, UPLOADS + 1)]
    report = {
        "uploads": len(runs),
        "answer_to_upload_ms": round(median(run["answer_ms"] for run in runs)),
        "upload_to_result_ms": round(median(run["total_ms"] for run in runs)),
        "upload_to_result_p95_ms": round(float(np.percentile([run["total_ms"] for run in runs], 95))),
        "networks_and_measuring_ms": round(median(run["stages_ms"] for run in runs)),
        "queueing_and_bookkeeping_ms": round(median(run["total_ms"] - run["stages_ms"] for run in runs)),
    }
    for name, value in report.items():
        print(f"{name:32}{value:8}")
    print(json.dumps(report))
    return 0


def drawn_png(seed: int) -> bytes:
    return imaging.encode_png(draw_lesion(width=600, height=450, seed=seed).image)


@contextmanager
def running_clinic() -> Iterator[str]:
    """`make run` with a data folder and a port of its own."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="skinclinic-bench-") as var, (Path(var) / "run.log").open("w") as log:
        unset = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MODELS_DIR"}
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"VAR_DIR": var, "PORT": str(port)}
        process = subprocess.Popen([sys.executable, "-m", "skinclinic.local", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health/", process, Path(log.name))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"the clinic did not start:\n{log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the clinic did not answer within two minutes")


class Browser:
    """Cookies, forms and JSON over plain urllib: what a browser does, without its pixels."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def log_in(self, name: str, password: str) -> None:
        self.get("/accounts/login/")
        self.post("/accounts/login/", {"login": name, "password": password}, {})

    def first_link(self, page: str, kind: str) -> str:
        match = re.search(LINK.format(kind), self.get(page))
        if match is None:
            raise SystemExit(f"no link to {kind} on {page}")
        return match.group(1)

    def upload(self, lesion: str, png: bytes) -> dict[str, float]:
        """Send one image and wait for its result; milliseconds."""
        started_s = time.perf_counter()
        answer = json.loads(self.post(f"{lesion}analyses/", {"modality": "dermoscopic"}, {"image": png}))
        answer_ms = (time.perf_counter() - started_s) * 1000
        while (status := self._json(answer["status_url"]))["status"] not in ("SUCCEEDED", "FAILED"):
            time.sleep(POLL_S)
        total_ms = (time.perf_counter() - started_s) * 1000
        if status["status"] == "FAILED":
            raise SystemExit(f"analysis failed: {status['error']}")
        return {"answer_ms": answer_ms, "total_ms": total_ms, "stages_ms": sum(status["timings_ms"].values())}

    def get(self, path: str, accept: str = "text/html") -> str:
        request = urllib.request.Request(self._address + path, headers={"Accept": accept})
        with self._opener.open(request, timeout=30) as answer:
            return str(answer.read().decode())

    def _json(self, path: str) -> dict[str, Any]:
        return dict(json.loads(self.get(path, "application/json")))

    def post(self, path: str, fields: dict[str, str], files: dict[str, bytes]) -> str:
        token = next(str(cookie.value) for cookie in self._cookies if "csrf" in cookie.name)
        boundary = uuid.uuid4().hex
        body = b"".join(_part(boundary, name, value.encode()) for name, value in {"csrfmiddlewaretoken": token, **fields}.items())
        body += b"".join(_part(boundary, name, data, "image.png") for name, data in files.items()) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json", "Referer": self._address}
        request = urllib.request.Request(self._address + path, data=body, headers=headers)
        with self._opener.open(request, timeout=30) as answer:
            return str(answer.read().decode())


def _part(boundary: str, name: str, value: bytes, filename: str = "") -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"


if __name__ == "__main__":
    sys.exit(main())
