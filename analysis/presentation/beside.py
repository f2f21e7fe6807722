"""All the lesions of a patient beside one another, and which of them differs most from the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from analysis.odd_one_out import Difference, Oddness, compare
from analysis.presentation.words import percent
from analysis.selectors import StoredFigures
from patients.models import Image, Lesion

UNLIKE_WORDS = {
    "asymmetry": ("more asymmetric", "less asymmetric"),
    "border": ("more irregular border", "smoother border"),
    "colours": ("more colours", "fewer colours"),
    "diameter_mm": ("larger", "smaller"),
    "p_malignant": ("higher probability of malignancy", "lower probability of malignancy"),
}
"""Figure → what a lesion is called whose figure is larger, or smaller, than the others'."""


@dataclass(frozen=True)
class Beside:
    """One lesion as the page shows it. `image` is None without a picture, `stored` without a result or where it must not be seen yet."""

    lesion: Lesion
    image: Image | None
    stored: StoredFigures | None
    awaits_impression: bool
    oddness: Oddness | None

    @property
    def figures(self) -> list[tuple[str, str]]:
        """Names and values; empty where nothing was measured."""
        found = self.stored
        if found is None:
            return []
        measured = [] if found.failure else _measures(found)
        return [*measured, ("Malignancy", "not told" if found.is_unfamiliar else percent(found.p_malignant))]

    @property
    def notes(self) -> list[str]:
        """What a reader has to know before relying on the figures."""
        found = self.stored
        if found is None:
            return []
        notes = {
            found.failure: bool(found.failure),
            "Unlike the pictures the models were validated on: not compared.": found.is_unfamiliar,
            "Part of the lesion lies outside the picture: its size is not compared.": found.touches_border,
            "The picture is poor: take it again before relying on it.": found.should_be_retaken,
        }
        return [note for note, is_so in notes.items() if is_so]

    @property
    def is_odd_one_out(self) -> bool:
        return self.oddness is not None and self.oddness.is_odd_one_out

    @property
    def distance(self) -> str:
        return f"{self.oddness.distance:.1f}" if self.oddness else ""

    @property
    def differences(self) -> str:
        return ", ".join(_word(difference) for difference in self.oddness.differences) if self.oddness else ""


def beside_one_another(
    lesions: Iterable[Lesion], pictures: Mapping[UUID, Image], found: Mapping[UUID, StoredFigures], awaiting: set[UUID]
) -> list[Beside]:
    """`pictures` by lesion; `found` and `awaiting` by picture. What must not be seen yet takes no part in the comparison either."""
    shown = {lesion.pk: _shown(pictures.get(lesion.pk), found, awaiting) for lesion in lesions}
    oddness = _oddness({key: stored for key, stored in shown.items() if stored}, pictures)
    return [
        Beside(lesion, image, shown[lesion.pk], image is not None and image.pk in awaiting, oddness.get(lesion.pk))
        for lesion in lesions
        for image in [pictures.get(lesion.pk)]
    ]


def by_oddness(rows: Iterable[Beside]) -> list[Beside]:
    """The farthest from the others first, those that could not be compared last."""
    return sorted(rows, key=lambda row: (row.oddness is None, -row.oddness.distance if row.oddness else 0, row.lesion.number))


def _shown(image: Image | None, found: Mapping[UUID, StoredFigures], awaiting: set[UUID]) -> StoredFigures | None:
    return None if image is None or image.pk in awaiting else found.get(image.pk)


def _oddness(shown: Mapping[UUID, StoredFigures], pictures: Mapping[UUID, Image]) -> dict[UUID, Oddness]:
    """Dermoscopic pictures are compared with one another, and macroscopic ones: the same lesion measures differently in each."""
    by_modality: dict[str, dict[UUID, Mapping[str, float | None]]] = {}
    for key, stored in shown.items():
        by_modality.setdefault(pictures[key].modality, {})[key] = _compared(stored)
    return {key: odd for figures in by_modality.values() for key, odd in compare(figures).items()}


def _compared(stored: StoredFigures) -> dict[str, float | None]:
    """Pixels are no size: without a scale a lesion has none to compare. Nor has one that the picture cuts off."""
    if stored.is_unfamiliar:
        return {}
    measured: dict[str, float | None] = {"asymmetry": stored.asymmetry, "border": stored.border, "colours": stored.colours}
    size = None if stored.touches_border else stored.diameter_mm
    return {"p_malignant": stored.p_malignant} | ({} if stored.failure else measured | {"diameter_mm": size})


def _measures(found: StoredFigures) -> list[tuple[str, str]]:
    size = f"{found.diameter_mm:.1f} mm" if found.diameter_mm is not None else _or_unknown(found.diameter_px, "{:.0f} px, no scale")
    return [
        ("Asymmetry", "not measurable" if found.asymmetry is None else percent(found.asymmetry, 0)),
        ("Border irregularity", _or_unknown(found.border, "{:.2f}")),
        ("Colours", _or_unknown(found.colours, "{} of 6")),
        ("Diameter", size),
    ]


def _or_unknown(value: float | None, pattern: str) -> str:
    return "not measurable" if value is None else pattern.format(value)


def _word(difference: Difference) -> str:
    larger, smaller = UNLIKE_WORDS[difference.figure]
    return larger if difference.z > 0 else smaller
