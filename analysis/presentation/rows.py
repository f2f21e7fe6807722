"""The rows and bars of the result page, each made of a piece of the stored result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.presentation.words import CLASS_WORDS, COLOUR_WORDS, STRUCTURE_WORDS, percent

MALIGNANT = frozenset({"MEL", "BCC", "SCC"})
PRE_MALIGNANT = frozenset({"AK"})


@dataclass(frozen=True)
class Diagnosis:
    label: str
    name: str
    nature: str
    """malignant, pre-malignant or benign."""
    probability_percent: str
    confidence_percent: str
    share: str
    """The probability as an attribute, 0 to 1."""
    is_listed: bool


@dataclass(frozen=True)
class Bar:
    """One of the ABCD bars. `score` is None when the value is undefined, and `reason` says why."""

    name: str
    score: str | None
    raw: str
    reason: str = ""
    missing: str = "not measurable"
    """What stands in the place of the bar when there is no score."""


@dataclass(frozen=True)
class Colour:
    key: str
    name: str
    share_percent: str
    share: str
    areas: int
    offset: str


@dataclass(frozen=True)
class Marked:
    """One dermoscopic structure."""

    key: str
    name: str
    meaning: str
    probability_percent: str
    probability: str
    """As an attribute, 0 to 1."""
    where: str
    is_drawn: bool


@dataclass(frozen=True)
class Overlay:
    """One choice of what is laid over the image."""

    key: str
    name: str
    hint: str
    kinds: tuple[str, ...]
    failure: str = ""
    is_picture: bool = False
    """Whether it stands for the image and is first shown in full, instead of lying over it."""

    @property
    def layers(self) -> str:
        return " ".join(self.kinds)

    @property
    def caption(self) -> str:
        return self.failure or self.hint


@dataclass(frozen=True)
class Stage:
    name: str
    milliseconds: str


def nature(label: str) -> str:
    if label in MALIGNANT:
        return "malignant"
    return "pre-malignant" if label in PRE_MALIGNANT else "benign"


def diagnosis(score: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        label=score["label"],
        name=CLASS_WORDS.get(score["label"], score["label"]),
        nature=nature(score["label"]),
        probability_percent=percent(score["probability"]),
        confidence_percent=f"{score['confidence_percent']:.1f} %",
        share=f"{score['probability']:.4f}",
        is_listed=score["is_listed"],
    )


def marked(structure: dict[str, Any]) -> Marked:
    name, _, meaning = STRUCTURE_WORDS[structure["name"]]
    return Marked(
        key=structure["name"],
        name=name,
        meaning=meaning,
        probability_percent=percent(structure["probability"]),
        probability=f"{structure['probability']:.3f}",
        where=_where(structure["area_px"], structure["share_of_lesion"]),
        is_drawn=bool(structure["area_px"]),
    )


def _where(area_px: int, share_of_lesion: float | None) -> str:
    if not area_px:
        return "not marked"
    if share_of_lesion is None:
        return "marked"
    if share_of_lesion == 0:
        return "beside the lesion only"
    return f"{percent(share_of_lesion, 0) if share_of_lesion >= 0.01 else 'under 1 %'} of the lesion"


def shape_bars(abcd: dict[str, Any]) -> list[Bar]:
    names = ", ".join(COLOUR_WORDS.get(name, name) for name in abcd["colours"])
    return [
        _bar(abcd, "A1", "Asymmetry across the long axis", _share_off(abcd["asymmetry_1"])),
        _bar(abcd, "A2", "Asymmetry across the short axis", _share_off(abcd["asymmetry_2"])),
        _bar(abcd, "B", "Border irregularity", _figure(abcd["border_irregularity"], "{:.2f} (a circle has 1)")),
        _bar(abcd, "C", "Colours", f"{len(abcd['colours'])} of 6: {names}" if names else "none of the six colours"),
    ]


def diameter_bars(abcd: dict[str, Any]) -> list[Bar]:
    return [_bar(abcd, f"D{n}", name, _diameter(abcd, n)) for n, name in ((1, "Longest diameter"), (2, "Diameter across"))]


def _bar(abcd: dict[str, Any], key: str, name: str, raw: str) -> Bar:
    score = abcd["scores"].get(key)
    if score is not None:
        return Bar(f"{key} · {name}", f"{score:.1f}", raw)
    if key.startswith("D") and raw:
        return Bar(f"{key} · {name}", None, "", missing=raw)
    return Bar(f"{key} · {name}", None, raw, abcd["failure"] or "This figure is undefined for the outline that was found.")


def _share_off(share: float | None) -> str:
    return _figure(None if share is None else 100 * share, "{:.0f} % does not match its mirror image")


def _diameter(abcd: dict[str, Any], n: int) -> str:
    pixels, millimetres = abcd[f"diameter_{n}_px"], abcd[f"diameter_{n}_mm"]
    text = _figure(pixels, "{:.0f} px")
    return text if millimetres is None else f"{millimetres:.1f} mm ({text})"


def _figure(value: float | None, pattern: str) -> str:
    return "" if value is None else pattern.format(value)


def colour(name: str, abcd: dict[str, Any]) -> Colour:
    regions = [region for region in abcd["regions"] if region["colour"] == name]
    share = sum(region["area_share"] for region in regions)
    offset = abcd["colour_asymmetry"].get(name)
    return Colour(
        key=name,
        name=COLOUR_WORDS.get(name, name),
        share_percent=percent(share),
        share=f"{share:.3f}",
        areas=len(regions),
        offset=_figure(offset, "{:.2f}"),
    )
