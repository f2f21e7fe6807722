"""How an image was taken, as the person sending it says or as its file states."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class CaptureFields:
    """Values of `Modality`, `Polarisation`, `Contact` and `Immersion`; empty or None means "not stated"."""

    modality: str = ""
    polarisation: str = ""
    contact: str = ""
    immersion: str = ""
    magnification: Decimal | None = None
    taken_on: date | None = None

    def completed_by(self, other: CaptureFields) -> CaptureFields:
        """What is not stated here is taken from `other`; what is stated stays."""
        missing = {field.name: getattr(other, field.name) for field in fields(self) if not getattr(self, field.name)}
        return replace(self, **missing)
