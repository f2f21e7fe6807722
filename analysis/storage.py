"""Where the files of a run lie: `analyses/<analysis>/<lease>/<name>`, so that two runs never share a file."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage

files: Storage = default_storage


def save(analysis: UUID, lease: UUID, name: str, data: bytes) -> str:
    """Write one file and return its key."""
    return files.save(f"analyses/{analysis}/{lease}/{name}", ContentFile(data))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def remove_run(analysis: UUID, lease: UUID | str) -> None:
    """Remove every file of one run; no error when there is none."""
    folder = f"analyses/{analysis}/{lease}"
    if not files.exists(folder):
        return
    for name in files.listdir(folder)[1]:
        files.delete(f"{folder}/{name}")
    files.delete(folder)


def remove_other_runs(analysis: UUID, lease: UUID | None) -> None:
    """Remove what runs that never ended left behind, keeping the run `lease`."""
    folder = f"analyses/{analysis}"
    if not files.exists(folder):
        return
    for run in files.listdir(folder)[0]:
        if run != str(lease):
            remove_run(analysis, run)
