"""Is what the clinic stands on there? Database, broker, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from redis.backoff import NoBackoff
from redis.retry import Retry


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def redis_answers() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def disk_has_room() -> bool:
    try:
        return shutil.disk_usage(settings.VAR_DIR).free >= settings.MIN_FREE_DISK_BYTES
    except OSError:
        return False


CHECKS: dict[str, Callable[[], bool]] = {"database": database_answers, "redis": redis_answers, "disk": disk_has_room}


def check_all() -> dict[str, str]:
    return {name: "ok" if check() else "failing" for name, check in CHECKS.items()}
