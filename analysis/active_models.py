"""Which models are in use, read from their cards: plain JSON, so that the web process can ask without loading a network."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from analysis.models import Analysis


def active_digests(folder: Path) -> frozenset[str]:
    """SHA-256 of the weights of every model in use; empty when the models are missing or cannot be read."""
    try:
        active = json.loads((folder / "active.json").read_text(encoding="utf-8"))
        cards = [json.loads((folder / name / "card.json").read_text(encoding="utf-8")) for name in active.values()]
        return frozenset(str(card["sha256"]) for card in cards)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return frozenset()


def is_outdated(analysis: Analysis) -> bool:
    """True when other models than those of this result are in use by now. Unknown models outdate nothing."""
    active = active_digests(settings.MODELS_DIR)
    return bool(active) and active != {used["sha256"] for used in analysis.models_used}
