"""Files that come and go with the transaction that mentions them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile

from patients.models.images import file_key
from skinclinic.errors import ClinicError

logger = logging.getLogger(__name__)

FILE_MISSING = "The file of this picture cannot be read from the store. The record is kept; tell your administrator."

_written: ContextVar[list[str] | None] = ContextVar("written", default=None)


@contextmanager
def file_transaction() -> Iterator[None]:
    """`transaction.atomic` that also takes back the files `store` wrote when it rolls back; may be nested.

    Whoever calls a service that stores files from a larger transaction opens that one with this function too.
    """
    outer, mine = _written.get(), list[str]()
    token = _written.set(mine)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        for name in mine:
            default_storage.delete(name)
        raise
    finally:
        _written.reset(token)
    if outer is not None:
        outer.extend(mine)


def store(content: bytes) -> str:
    """Writes a file under an unguessable key and returns the key. Only inside `file_transaction`."""
    written = _written.get()
    if written is None:
        raise RuntimeError("store() needs an open file_transaction().")
    name = file_key(None, "")
    written.append(name)  # before writing: a full disk leaves half a file
    return default_storage.save(name, ContentFile(content))


def open_stored(file: FieldFile) -> File[bytes]:
    """The file behind a row, open for reading. One that is gone or unreadable is a refusal in words, and an error in the log."""
    try:
        opened: File[bytes] = file.open("rb")
    except OSError as error:
        logger.error("stored file cannot be read", extra={"key": file.name, "reason": type(error).__name__})
        raise ClinicError("file-missing", FILE_MISSING, http_status=404) from error
    return opened
