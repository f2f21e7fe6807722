"""The cache, which holds the counters of wrong log-ins and nothing else. Without Redis people must still get to the records."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

T = TypeVar("T")
log = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """While Redis does not answer nothing is remembered: log-ins are not counted, and the log says so."""

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _or(True, lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _or(default, lambda: super(ForgivingRedisCache, self).get(key, default, version))

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _or(None, lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        return _or(False, lambda: super(ForgivingRedisCache, self).delete(key, version))


def _or(otherwise: T, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except RedisError:
        log.warning("cache unreachable, log-ins are not counted")
        return otherwise
