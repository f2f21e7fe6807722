"""A real worker, a real broker, the real models: kill one, empty the other, and wait."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from redis import Redis

from tests.analysis.conftest import drawn_png
from tests.conftest import wait_until

if TYPE_CHECKING:
    from patients.models import Image, Lesion

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (settings.MODELS_DIR / "active.json").exists(), reason="no trained models in models/"),
]

Start = Callable[..., "subprocess.Popen[bytes]"]
IMPATIENT = {"ANALYSIS_LEASE_S": "4", "ANALYSIS_REPUBLISH_S": "2", "SWEEP_INTERVAL_S": "0.5", "TORCH_THREADS": "1"}
