"""What needs the trained models, and where doing without them is allowed."""

from __future__ import annotations

import os

import pytest
from django.conf import settings


def models_are_missing() -> bool:
    missing = not (settings.MODELS_DIR / "active.json").exists()
    assert not (missing and os.environ.get("CI")), "continuous integration must have the trained models"
    return missing


needs_models = pytest.mark.skipif(models_are_missing(), reason="models/ holds no trained models")
