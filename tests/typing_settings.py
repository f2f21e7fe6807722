"""The settings as mypy's Django plugin reads them: complete without an environment, connected to nothing."""

import os

for name, value in {"SECRET_KEY": "x", "DATABASE_URL": "postgresql://x@/x", "REDIS_URL": "redis://localhost/0"}.items():
    os.environ.setdefault(name, value)

from skinclinic.settings import *  # noqa: E402, F403
