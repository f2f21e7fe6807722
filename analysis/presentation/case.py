"""What the models have said of the pictures of one case, short enough to stand beside the pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from analysis.models import Analysis
from analysis.presentation.report import Report
from analysis.presentation.rows import Overlay
from patients.models import Image


@dataclass(frozen=True)
class Finding:
    """Of one picture: its newest result, or why there is none to be shown."""

    image: Image
    is_held_back: bool = False
    """Somebody has to give their own impression first."""
    analysis: Analysis | None = None
    is_under_way: bool = False
    held_back: Collection[UUID] = ()
    """All pictures of the case that wait for an impression."""

    @property
    def report(self) -> Report | None:
        return Report(self.analysis, self.held_back) if self.analysis else None

    @property
    def overlays(self) -> list[Overlay]:
        """What can be laid over the picture: drawn without failure, every file there."""
        if self.analysis is None or self.report is None:
            return []
        there = {artefact.kind for artefact in self.analysis.artefacts.all()}
        return [one for one in self.report.overlays if one.kinds and not one.failure and there.issuperset(one.kinds)]


def findings(images: Iterable[Image], held_back: set[UUID], done: dict[UUID, Analysis], under_way: set[UUID]) -> list[Finding]:
    return [
        Finding(image, is_held_back=True)
        if image.pk in held_back
        else Finding(image, analysis=done.get(image.pk), is_under_way=image.pk in under_way, held_back=held_back)
        for image in images
    ]
