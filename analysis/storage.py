"""Where the files of a run lie: `<kind>/<job>/<lease>/<name>`, so that two runs never share a file."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage

files: Storage = default_storage


def save(job: str, lease: UUID, name: str, data: bytes) -> str:
    """Write one file and return its key; `job` is its folder (`Job.folder`)."""
    return files.save(f"{job}/{lease}/{name}", ContentFile(data))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def remove_run(job: str, lease: UUID | str) -> None:
    """Remove every file of one run; no error when there is none."""
    folder = f"{job}/{lease}"
    if not files.exists(folder):
        return
    for name in files.listdir(folder)[1]:
        files.delete(f"{folder}/{name}")
    files.delete(folder)


def remove_other_runs(job: str, lease: UUID | None) -> None:
    """Remove what runs that never ended left behind, keeping the run `lease`."""
    if not files.exists(job):
        return
    for run in files.listdir(job)[0]:
        if run != str(lease):
            remove_run(job, run)
