"""Rows into tables by COPY: what a row does not say is the model's default."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import AutoField, BigAutoField, Field, JSONField, Model

BATCH = 20_000
_NOT_UNIQUE = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE NOT indisunique AND indrelid = ANY(%s::regclass[])
"""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@contextmanager
def without_indexes(*models: type[Model]) -> Iterator[None]:
    """Taken away while many rows come in and built afterwards, which takes a fraction of the time. What must be unique stays so."""
    with connection.cursor() as cursor:
        cursor.execute(_NOT_UNIQUE, [[model._meta.db_table for model in models]])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            cursor.execute(definition)


def copy_rows(model: type[Model], rows: Iterable[dict[str, Any]], *, with_triggers: bool = False) -> int:
    """Each row by the names of its columns' attributes (`practice_id`). Returns how many there were.

    Without triggers foreign keys are not checked, which takes half the time; other constraints are.
    """
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField | BigAutoField)]
    defaults = {field.attname: _text(field, field.get_default()) for field in fields if not callable(field.default)}
    columns = ", ".join(f'"{field.column}"' for field in fields)
    statement, total = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN', 0
    for lines in _batches(_line(fields, defaults, row) for row in rows):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            if not with_triggers:
                cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.copy_expert(statement, StringIO("".join(lines)))
        total += len(lines)
    return total


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


def _line(fields: list[Field[Any, Any]], defaults: dict[str, str], row: dict[str, Any]) -> str:
    return "\t".join(_value(field, defaults, row) for field in fields) + "\n"


def _value(field: Field[Any, Any], defaults: dict[str, str], row: dict[str, Any]) -> str:
    if field.attname in row:
        return _text(field, row[field.attname])
    known = defaults.get(field.attname)
    return _text(field, field.get_default()) if known is None else known


def _text(field: Field[Any, Any], value: Any) -> str:
    if value is None:
        return "\\N"
    shape: Callable[[Any], str] = json.dumps if isinstance(field, JSONField) else _SHAPES.get(type(value), str)
    return shape(value).translate(_ESCAPES)


def _array(values: list[Any]) -> str:
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


_SHAPES: dict[type, Callable[[Any], str]] = {list: _array, datetime: datetime.isoformat, bool: lambda value: "t" if value else "f"}
