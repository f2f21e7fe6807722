"""An explanation as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.models import Analysis, Explanation
from analysis.presentation.progress import Progress
from analysis.presentation.rows import Overlay
from analysis.presentation.words import CLASS_WORDS, percent

HUNDREDTHS = 100
METHOD_WORDS = {
    "grad_cam": ("Grad-CAM", "Where the last feature maps speak for the diagnosis (Selvaraju et al. 2017)."),
    "grad_cam_fine": ("Finer Grad-CAM", "The same one layer earlier, where maps are twice as fine and say less about the diagnosis."),
    "rise": ("RISE", "How much more probable the diagnosis is where the picture is left visible (Petsiuk et al. 2018)."),
    "guided_backprop": (
        "Guided back\u00adpropagation",
        "Which edges the score follows (Springenberg et al. 2015). It hardly depends on the diagnosis: no proof by itself.",
    ),
    "visual_backprop": ("Visual\u00adBackProp", "What the feature maps rest on, whatever the diagnosis (Bojarski et al. 2016)."),
}
"""Method → its name, with hyphens that show only where a line ends, and what it shows."""
RAW = "_raw"
CHART = 100
"""Side of a curve's drawing, in its own units."""


def first_diagnosis(analysis: Analysis) -> str:
    """The most probable one."""
    return str((analysis.result or {})["classification"]["scores"][0]["label"]) if analysis.result else ""


def progress_of(explanation: Explanation) -> Progress:
    done = min(explanation.stages_done, HUNDREDTHS)
    token = f"{explanation.status}-{explanation.attempt}-{done}"
    return Progress(_doing(explanation), done, HUNDREDTHS, token)


def _doing(explanation: Explanation) -> str:
    if explanation.status == "QUEUED":
        return "Waiting for a free place" if not explanation.attempt else "Interrupted; starting again by itself"
    if explanation.stage not in METHOD_WORDS:
        return "Loading the models"
    if explanation.stage == "rise" and explanation.stages_done <= HUNDREDTHS / 2:
        return "RISE: covering random parts of the picture"
    return f"{METHOD_WORDS[explanation.stage][0]}: covering what it marks"


def media_type(kind: str) -> str:
    return "application/octet-stream" if kind.endswith(RAW) else "image/png"


@dataclass(frozen=True)
class Asked:
    """One explanation in the list of those there are."""

    explanation: Explanation

    @property
    def words(self) -> str:
        asked = self.explanation
        return f"{CLASS_WORDS[asked.label]}: {asked.masks} masks, {asked.cells} cells, {asked.visible_percent} % visible, seed {asked.seed}"


def asked_before(analysis: Analysis) -> list[Asked]:
    return [Asked(explanation) for explanation in analysis.explanations.defer("result").order_by("-queued_at")]


@dataclass(frozen=True)
class Curve:
    """One curve of the chart: how the probability changes with the share of pixels changed."""

    key: str
    name: str
    points: str
    """Of an SVG polyline in a square of CHART."""
    area: str


@dataclass(frozen=True)
class Method:
    """One method's row."""

    key: str
    name: str
    meaning: str
    doubts: tuple[str, ...]
    inside: str
    on_artefacts: str
    gain: str
    agreement: str
    compared_with: str
    reliability: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Account:
    """A finished explanation."""

    explanation: Explanation

    @property
    def found(self) -> dict[str, Any]:
        return self.explanation.result or {}

    @property
    def diagnosis(self) -> str:
        return CLASS_WORDS[self.explanation.label]

    @property
    def probability(self) -> str:
        return percent(self.found["probability"])

    @property
    def masks(self) -> str:
        """How many were used, and why no more."""
        used, most = self.found["masks_used"], self.explanation.masks
        return f"{used} masks" if used == most else f"{used} of at most {most} masks: the map no longer changed"

    @property
    def methods(self) -> list[Method]:
        return [_method(figures) for figures in self.found["methods"]]

    @property
    def reliable(self) -> str:
        """The methods that nothing speaks against, in words; empty when there is none."""
        return ", ".join(method.name for method in self.methods if not method.doubts)

    @property
    def overlays(self) -> list[Overlay]:
        drawn = [Overlay(method.key, method.name, method.meaning, (method.key,)) for method in self.methods]
        return [Overlay("none", "Image", "The image alone.", ()), *drawn]

    @property
    def layers(self) -> list[str]:
        return [method.key for method in self.methods]

    @property
    def evolution(self) -> list[dict[str, Any]]:
        """Steps of the level set, each with its outline as an SVG path."""
        frames: list[dict[str, Any]] = self.found["evolution"]
        return frames


def _method(figures: dict[str, Any]) -> Method:
    name, meaning = METHOD_WORDS[figures["method"]]
    agreement, other = figures["agreement"], METHOD_WORDS[figures["compared_with"]][0]
    correlation = agreement and agreement["rank_correlation"]
    gain = figures["faithfulness"]["gain"]
    return Method(
        key=figures["method"],
        name=name,
        meaning=meaning,
        doubts=tuple(figures["doubts"]),
        inside=_share(figures["shares"]["lesion"]),
        on_artefacts=_artefacts(figures["shares"]),
        gain="–" if gain is None else f"{gain:.2f}",
        agreement="–" if correlation is None else f"{correlation:.2f}",
        compared_with=other,
        reliability="" if figures["reliability"] is None else f"{figures['reliability']:.2f}",
        curves=tuple(_curve(key, words, figures["faithfulness"][key]) for key, words in CURVES.items()),
    )


CURVES = {"deletion": "Covered first", "insertion": "Uncovered first", "reverse": "Covered last"}
"""Curve → what is done with the marked places."""


def _curve(key: str, name: str, curve: dict[str, Any]) -> Curve:
    scores: list[float] = curve["scores"]
    step = CHART / (len(scores) - 1)
    points = " ".join(f"{index * step:.1f},{CHART * (1 - score):.1f}" for index, score in enumerate(scores))
    return Curve(key, name, points, f"{curve['area']:.2f}")


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share, 0)


def _artefacts(shares: dict[str, float | None]) -> str:
    """Where evidence has no business, and how much of it lies there."""
    known = {"edge": shares["edge"], "hair": shares["hair"], "ruler": shares["ruler"]}
    return ", ".join(f"{name} {percent(share, 0)}" for name, share in known.items() if share and share >= 0.005) or "none"
