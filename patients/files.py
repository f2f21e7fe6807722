"""Files that come and go with the transaction that mentions them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from patients.models.images import file_key

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
