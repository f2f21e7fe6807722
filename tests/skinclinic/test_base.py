"""The state machine: one conditional UPDATE, and a mistake in the code is not a lost race."""

from __future__ import annotations

import pytest

from analysis.models import Analysis
from skinclinic.base import StateQuerySet


def test_unknown_moves_are_mistakes() -> None:
    with pytest.raises(ValueError, match="cannot move from SUCCEEDED to QUEUED"):
        StateQuerySet(Analysis).move("x", "SUCCEEDED", "QUEUED")


def test_every_source_must_be_allowed() -> None:
    with pytest.raises(ValueError, match="cannot move from FAILED to RUNNING"):
        StateQuerySet(Analysis).move("x", ["QUEUED", "FAILED"], "RUNNING")
