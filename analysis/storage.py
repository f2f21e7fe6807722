"""Where the files of a run lie: `analyses/<analysis>/<lease>/<name>`, so that two runs never share a file."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def save(analysis: UUID, lease: UUID, name: str, data: bytes) -> str:
    """Write one file and return its key."""
    return default_storage.save(f"analyses/{analysis}/{lease}/{name}", ContentFile(data))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def remove_run(analysis: UUID, lease: UUID | str) -> None:
    """Remove every file of one run; no error when there is none."""
    folder = f"analyses/{analysis}/{lease}"
    if not default_storage.exists(folder):
        return
    for name in default_storage.listdir(folder)[1]:
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)


def remove_other_runs(analysis: UUID, lease: UUID | None) -> None:
    """Remove what runs that never ended left behind, keeping the run `lease`."""
    folder = f"analyses/{analysis}"
    if not default_storage.exists(folder):
        return
    for run in default_storage.listdir(folder)[0]:
        if run != str(lease):
            remove_run(analysis, run)
