"""Two pictures of one lesion, and what their stored analyses say of the difference."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.models import Analysis, Kind
from analysis.presentation.report import Report
from analysis.presentation.rows import Overlay
from analysis.presentation.since import Since
from analysis.presentation.words import COLOUR_WORDS
from analysis.same_place import Matrix, SamePlace, turned_degrees
from patients.models import Image

NO_SCALE = "no scale"
CUT = "cut by the frame"
NO_OUTLINE = "no outline"
NOT_COMPARABLE = "not comparable"
TURNED_FROM_DEGREES = 1
"""Less is not seen."""


@dataclass(frozen=True)
class Side:
    """One of the two pictures."""

    name: str
    """Earlier or Later."""
    image: Image
    analysis: Analysis | None
    is_withheld: bool
    """Whoever looks has to say first what they think themselves."""

    @property
    def obstacle(self) -> str:
        """Why its figures cannot be compared with another's, a sentence, or an empty string."""
        if self.analysis is None:
            return f"The {self.name.lower()} picture has no finished analysis, so nothing is measured in it."
        if Report(self.analysis).is_unfamiliar:
            return f"The {self.name.lower()} picture is unlike those the models were validated on: its figures mean nothing."
        return ""

    @property
    def found(self) -> dict[str, Any]:
        return (self.analysis.result if self.analysis else None) or {}


@dataclass(frozen=True)
class Measured:
    """One row: the figure in both pictures, and the difference where it can be told."""

    name: str
    earlier: str
    later: str
    change: str


@dataclass(frozen=True)
class Pair:
    """The page."""

    earlier: Side
    later: Side
    registered: Analysis | None
    """The later picture's analysis that tried to lay the earlier one over it."""
    place: SamePlace | None = None
    """How the two lie over one another. It says nothing of what is wrong with the skin, so it waits for nobody's impression."""

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.earlier, self.later

    @property
    def is_withheld(self) -> bool:
        return any(side.is_withheld for side in self.sides)

    @property
    def laid(self) -> Matrix | None:
        """(x, y) of the earlier picture → of the later one, in widths of either."""
        return self.place.in_widths(*(side.image.height_px / side.image.width_px for side in self.sides)) if self.place else None

    @property
    def laid_json(self) -> str:
        """For the linked viewers, which measure in widths too."""
        return json.dumps(self.laid)

    @property
    def is_turned(self) -> bool:
        return self.laid is not None and abs(turned_degrees(self.laid)) >= TURNED_FROM_DEGREES

    @property
    def was_refused(self) -> bool:
        """Whether laying these two over one another was tried in vain."""
        return self.registered is not None and bool(Report(self.registered).found["change"]["failure"])

    @property
    def obstacles(self) -> list[str]:
        """Why nothing measured can be compared; empty where it can."""
        if self.earlier.image.modality != self.later.image.modality:
            return ["One picture is dermoscopic and the other macroscopic: what is measured in them cannot be compared."]
        return [side.obstacle for side in self.sides if side.obstacle]

    @property
    def without_scale(self) -> list[Side]:
        return [side for side in self.sides if side.image.pixel_spacing_mm is None]

    @property
    def has_other_models(self) -> bool:
        """Whether the two were measured by different models, whose outlines differ by themselves."""
        used = [{model["sha256"] for model in side.analysis.models_used} for side in self.sides if side.analysis]
        return len(used) == 2 and used[0] != used[1]

    @property
    def rows(self) -> list[Measured]:
        """Area, border and colours, each from its own picture's analysis."""
        return [] if self.obstacles else [_area(self.earlier, self.later), _border(self.earlier, self.later), _colours(*self.sides)]

    @property
    def since(self) -> Since | None:
        """What was measured after the two had been laid over one another."""
        return Report(self.registered).since if self.registered else None

    @property
    def overlays(self) -> list[Overlay]:
        """The earlier picture over the later one first; none where they could not be laid over one another."""
        if self.registered is None or self.since is None or not self.since.rows:
            return []
        offered = {overlay.key: overlay for overlay in Report(self.registered).overlays}
        return [offered[key] for key in ("earlier", "change", "none")]

    @property
    def layers(self) -> list[str]:
        return [Kind.EARLIER.value, Kind.CHANGE.value]


def _area(earlier: Side, later: Side) -> Measured:
    """Of the outline, by the scale that each picture has now: a ruler laid on after the analysis counts."""
    return _row("Area", _area_mm2(earlier), _area_mm2(later), "{:.1f} mm²", lambda before, after: f"{100 * (after / before - 1):+.0f} %")


def _area_mm2(side: Side) -> float | str:
    """Or why it cannot be told."""
    outline = side.found["lesion"]
    if outline["failure"] or not outline["area_px"]:
        return NO_OUTLINE
    if outline["touches_border"]:
        return CUT
    spacing_mm = side.image.pixel_spacing_mm
    return NO_SCALE if spacing_mm is None else float(outline["area_px"] * spacing_mm[0] * spacing_mm[1])


def _border(earlier: Side, later: Side) -> Measured:
    before, after = _border_irregularity(earlier), _border_irregularity(later)
    return _row("Border irregularity", before, after, "{:.2f}", lambda one, two: f"{round(two - one, 2) + 0.0:+.2f}")  # never −0.00


def _border_irregularity(side: Side) -> float | str:
    if side.found["lesion"]["touches_border"]:
        return CUT
    value = side.found["abcd"]["border_irregularity"]
    return NO_OUTLINE if value is None else float(value)


def _row(name: str, before: float | str, after: float | str, pattern: str, difference: Callable[[float, float], str]) -> Measured:
    """A figure that cannot be told is a word that says why, and then there is no difference either."""
    told = [one for one in (before, after) if isinstance(one, float)]
    shown = [pattern.format(one) if isinstance(one, float) else one for one in (before, after)]
    return Measured(name, shown[0], shown[1], difference(*told) if len(told) == 2 else NOT_COMPARABLE)


def _colours(earlier: Side, later: Side) -> Measured:
    before, after = (list(side.found["abcd"]["colours"]) for side in (earlier, later))
    if any(side.found["lesion"]["failure"] for side in (earlier, later)):
        return Measured("Colours", _named(before), _named(after), NOT_COMPARABLE)
    new, gone = [name for name in after if name not in before], [name for name in before if name not in after]
    changes = [f"{word}: {_listed(names)}" for word, names in (("new", new), ("gone", gone)) if names]
    return Measured("Colours", _named(before), _named(after), "; ".join(changes) or "the same")


def _named(colours: list[str]) -> str:
    return f"{len(colours)}: {_listed(colours)}" if colours else "none of the six"


def _listed(colours: list[str]) -> str:
    return ", ".join(COLOUR_WORDS.get(name, name) for name in colours)
