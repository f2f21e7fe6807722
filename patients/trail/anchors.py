"""Heads of the chain, noted every hour outside the database: whoever shortens or rewrites the trail has to find these as well."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from patients.trail import chain
from patients.trail.chain import Head

logger = logging.getLogger(__name__)


class UnreadableAnchorError(Exception):
    """A line of the file is no anchor; the message says which."""


def anchor_file() -> Path:
    return Path(settings.VAR_DIR) / "audit-anchors.jsonl"


def note_head() -> Head | None:
    """Appends the present head, unless nothing happened since the last one; the log gets it too, for whoever collects logs elsewhere."""
    head, lines = chain.head(), _lines()
    last = _parsed(lines[-1]) if lines else None
    if head is None or head == last:
        return None
    if last and head.position <= last.position:
        logger.error("the audit trail is shorter than it was", extra={"position": head.position, "noted": last.position})
    _append(json.dumps({"at": timezone.now().isoformat(), "position": head.position, "sha256": head.sha256}))
    logger.info("audit head", extra={"position": head.position, "sha256": head.sha256})
    return head


def noted_heads() -> Iterator[Head]:
    """Every head that was noted. Raises UnreadableAnchorError."""
    for number, line in enumerate(_lines(), 1):
        head = _parsed(line)
        if head is None:
            raise UnreadableAnchorError(f"Line {number} of {anchor_file()} cannot be read.")
        yield head


def _lines() -> list[str]:
    try:
        return anchor_file().read_text().splitlines()
    except FileNotFoundError:
        return []


def _parsed(line: str) -> Head | None:
    try:
        read = json.loads(line)
        return Head(int(read["position"]), str(read["sha256"]))
    except (ValueError, KeyError, TypeError):
        return None


def _append(line: str) -> None:
    """On the disk before we go on. Starts on a line of its own even where a power cut left half of one."""
    path = anchor_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())
