"""Running on one's own machine: real PostgreSQL and Redis out of Python wheels, and everything else beside them.

`python -m skinclinic.local run` is what `make run` calls; the tests use `postgres` and `redis` for servers of their own.
"""

from skinclinic.local.programs import Program, start, stop
from skinclinic.local.services import postgres, redis

__all__ = ["Program", "postgres", "redis", "start", "stop"]
