"""What the models of every app share: keys that tell nothing and one shape of state machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models

M = TypeVar("M", bound=models.Model)


class UuidModel(models.Model):
    """A row whose key tells nothing: neither how many there are nor when it was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class PublicIdModel(models.Model):
    """A row that the database counts and nobody outside does: addresses and forms name it by `public_id`, never by its key."""

    public_id = models.UUIDField(unique=True, editable=False, default=uuid.uuid4, db_default=RandomUUID())

    class Meta:
        abstract = True


class StateQuerySet(models.QuerySet[M]):
    """Moves rows of a model that has `status` and a table `MOVES` {status: statuses that may follow}."""

    def move(self, pk: object, source: str | Iterable[str], target: str, **fields: Any) -> bool:
        """One conditional UPDATE; True when this call made the move, False when somebody else was first.

        Raises ValueError for a move that `MOVES` does not know: that is a mistake in the code, never a race.
        """
        sources = [source] if isinstance(source, str) else list(source)
        self._check_moves(sources, target)
        return self.filter(pk=pk, status__in=sources).update(status=target, **fields) == 1

    def _check_moves(self, sources: Iterable[str], target: str) -> None:
        moves: Mapping[str, Iterable[str]] = getattr(self.model, "MOVES", {})
        for source in sources:
            if target not in moves.get(source, ()):
                raise ValueError(f"{self.model.__name__} cannot move from {source} to {target}.")
