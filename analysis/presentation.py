"""A stored result in the words and figures of the page. Reads JSON, computes nothing clinical.

Figures are formatted here, not in the template: attributes of <meter> and SVG need a full stop in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.models import Analysis, Kind, Status
from patients.models import Modality

STAGE_WORDS = {
    "classification": "Comparing with known diagnoses",
    "lesion": "Outlining the lesion (network)",
    "quality": "Judging the picture's quality",
    "structures": "Looking for dermoscopic structures",
    "level_set": "Outlining the lesion (image processing)",
    "abcd": "Measuring asymmetry, border, colour and diameter",
    "explanation": "Finding what spoke for the result",
}
"""Stage of the pipeline → what the clinician reads while it runs, in the order of `vision.pipeline.STAGES`."""

TIMING_WORDS = STAGE_WORDS | {"drawing": "Drawing the overlays"}

IMAGE_FAULTS = frozenset(
    {
        "empty-file",
        "not-an-image",
        "wrong-format",
        "too-large",
        "too-small",
        "strange-shape",
        "has-alpha",
        "not-colour",
        "damaged",
        "unreadable",
    }
)
"""Failure codes of an image that cannot be analysed: trying again never helps."""

CLASS_WORDS = {
    "MEL": "Melanoma",
    "NV": "Melanocytic naevus",
    "BCC": "Basal cell carcinoma",
    "AK": "Actinic keratosis",
    "BKL": "Benign keratosis",
    "DF": "Dermatofibroma",
    "VASC": "Vascular lesion",
    "SCC": "Squamous cell carcinoma",
}
MALIGNANT = frozenset({"MEL", "BCC", "SCC"})
PRE_MALIGNANT = frozenset({"AK"})
COLOUR_WORDS = {
    "white": "white",
    "red": "red",
    "light_brown": "light brown",
    "dark_brown": "dark brown",
    "blue_grey": "blue-grey",
    "black": "black",
}
NEARLY_ALL_SEEN = 0.95
"""Below this share of the lesion inside the classifier's square the page warns."""
OUTLINES_AGREE = 0.6
"""Below this Jaccard index the two outlines show different things."""
SURELY = 0.9
"""From this probability on the picture is said to look dermoscopic, or macroscopic, against what was stated at the upload."""
TASK_WORDS = {"classification": "Diagnosis", "lesion": "Lesion outline", "structures": "Dermoscopic structures", "abcd": "Second opinion"}
STRUCTURE_WORDS = {
    "globules": ("Globules", "dark blue", "Seen in melanocytic lesions; of uneven size and place they speak for melanoma."),
    "streaks": ("Streaks", "orange", "At part of the edge they speak for melanoma; all around, for a Reed naevus."),
    "pigment_network": ("Pigment network", "green", "Speaks for a melanocytic lesion; an irregular one for melanoma."),
    "milia_like_cyst": ("Milia-like cysts", "yellow", "Speak for a seborrhoeic keratosis; small ones occur in melanoma too."),
    "negative_network": ("Negative network", "pink", "Commoner in melanoma, but seen in Spitz and other naevi and in dermatofibroma too."),
}
"""Structure → its name, the colour it is drawn in, what it speaks for: Argenziano et al. 1998 and 2003, of milia-like cysts
Stricklin et al. 2011, of the negative network Pizzichetta et al. 2013 (docs/references.md)."""


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


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def nature(label: str) -> str:
    if label in MALIGNANT:
        return "malignant"
    return "pre-malignant" if label in PRE_MALIGNANT else "benign"


@dataclass(frozen=True)
class Progress:
    """How far a live analysis is."""

    words: str
    done: int
    total: int
    token: str
    """Changes whenever the page has something new to show."""

    @property
    def step(self) -> int:
        return min(self.done + 1, self.total)


def can_help_to_retry(analysis: Analysis) -> bool:
    return analysis.status == Status.FAILED and analysis.failure_code not in IMAGE_FAULTS


def progress_of(analysis: Analysis) -> Progress:
    done, total = min(analysis.stages_done, len(STAGE_WORDS)), len(STAGE_WORDS)
    token = f"{analysis.status}-{analysis.attempt}-{done}"
    return Progress(_doing(analysis, done), done, total, token)


def _doing(analysis: Analysis, done: int) -> str:
    if analysis.status == "QUEUED":
        return "Waiting for a free place" if not analysis.attempt else "Interrupted; starting again by itself"
    return list(STAGE_WORDS.values())[done] if done < len(STAGE_WORDS) else "Saving the results"


@dataclass(frozen=True)
class Report:
    """A finished analysis as the page shows it."""

    analysis: Analysis

    @property
    def found(self) -> dict[str, Any]:
        return self.analysis.result or {}

    @property
    def is_suspicious(self) -> bool:
        return bool(self.found["classification"]["is_suspicious"])

    @property
    def p_malignant_percent(self) -> str:
        return percent(self.found["classification"]["p_malignant"])

    @property
    def threshold_percent(self) -> str:
        return percent(self.found["classification"]["threshold"])

    @property
    def scale(self) -> dict[str, str]:
        """Probability and threshold on a scale of 0 to 100, as SVG attributes."""
        classes = self.found["classification"]
        return {"p": f"{100 * classes['p_malignant']:.2f}", "threshold": f"{100 * classes['threshold']:.2f}"}

    @property
    def binary(self) -> str:
        side = "malignant" if self.found["classification"]["p_malignant"] > 0.5 else "benign"
        return f"{self.found['classification']['malignant_confidence_percent']:.1f} % for {side}"

    @property
    def uncertainty(self) -> dict[str, str]:
        value = self.found["classification"]["uncertainty"]
        words = "low" if value < 0.33 else "moderate" if value < 0.66 else "high"
        return {"value": f"{value:.3f}", "percent": percent(value, 0), "words": words}

    @property
    def diagnoses(self) -> list[Diagnosis]:
        return [_diagnosis(score) for score in self.found["classification"]["scores"]]

    @property
    def listed(self) -> list[Diagnosis]:
        return [diagnosis for diagnosis in self.diagnoses if diagnosis.is_listed]

    @property
    def chance_percent(self) -> str:
        return percent(1 / len(self.found["classification"]["scores"]))

    @property
    def bars(self) -> list[Bar]:
        return [*_shape_bars(self.found["abcd"]), *_diameter_bars(self.found["abcd"])]

    @property
    def is_calibrated(self) -> bool:
        return self.found["abcd"]["diameter_1_mm"] is not None

    @property
    def measured_on(self) -> str:
        """Why there are no measurements at all, or an empty string."""
        return self.found["abcd"]["failure"] or ""

    @property
    def colours(self) -> list[Colour]:
        abcd = self.found["abcd"]
        return [_colour(name, abcd) for name in abcd["colours"]]

    @property
    def overlays(self) -> list[Overlay]:
        label = self.found["heatmap"]["label"]
        network, processing = self.found["lesion"]["failure"] or "", self.found["level_set"]["failure"] or ""
        both = (Kind.LESION_OUTLINE.value, Kind.LEVEL_SET_OUTLINE.value)
        return [
            Overlay("none", "Image", "The image alone.", ()),
            Overlay("both", "Both outlines", "Cyan: network. Yellow: image processing.", both),
            Overlay("lesion", "Network", "Outline found by the network.", both[:1], network),
            Overlay("level_set", "Image processing", "Outline found by image processing, without learning.", both[1:], processing),
            Overlay("colours", "Colours", "Areas of the six clinical colours.", (Kind.COLOURS.value,), self.measured_on),
            *self._structures_overlay(),
            Overlay(
                "heatmap",
                "Grad-CAM",
                f"What spoke for {CLASS_WORDS.get(label, label)}; faint where the evidence is weak.",
                (Kind.HEATMAP.value,),
            ),
        ]

    def _structures_overlay(self) -> list[Overlay]:
        """None for results from before structures were looked for."""
        if not self.structures:
            return []
        drawn = [f"{STRUCTURE_WORDS[marked.key][1]}: {marked.name.lower()}" for marked in self.structures if marked.is_drawn]
        hint = f"{'; '.join(drawn).capitalize()}." if drawn else "No structure is marked."
        return [Overlay("structures", "Structures", hint, (Kind.STRUCTURES.value,))]

    @property
    def structures(self) -> list[Marked]:
        """Those of which it is established that the model tells them better than chance."""
        return [_marked(structure) for structure in self.found.get("structures", []) if structure["is_validated"]]

    @property
    def structures_not_told(self) -> str:
        """The others, in words; empty when there are none."""
        others = [STRUCTURE_WORDS[structure["name"]][0] for structure in self.found.get("structures", []) if not structure["is_validated"]]
        return ", ".join(others).lower()

    @property
    def is_unfamiliar(self) -> bool:
        return bool(self.found.get("familiarity", {}).get("is_unfamiliar"))

    @property
    def should_be_retaken(self) -> bool:
        return bool(self.found.get("quality", {}).get("verdict") == "retake")

    @property
    def advice(self) -> list[str]:
        """How to take a better picture; empty for a good one, and for results from before pictures were judged."""
        advice: list[str] = self.found.get("quality", {}).get("advice", [])
        return advice

    @property
    def looks_macroscopic(self) -> bool:
        return bool(self.found["classification"].get("p_dermoscopic", 1.0) < 0.5)

    @property
    def modality_doubt(self) -> str:
        """What the picture looks like when that is surely not what was stated at the upload, or an empty string."""
        p, stated = self.found["classification"].get("p_dermoscopic"), self.analysis.image.modality
        if p is None:
            return ""
        if stated == Modality.DERMOSCOPIC and p <= 1 - SURELY:
            return "a plain photograph"
        return "a dermoscopic image" if stated == Modality.MACROSCOPIC and p >= SURELY else ""

    @property
    def layers(self) -> list[str]:
        """Every picture that some choice lays over the image, once."""
        return list(dict.fromkeys(kind for overlay in self.overlays for kind in overlay.kinds))

    @property
    def outlines(self) -> list[dict[str, str]]:
        return [self._outline("lesion", "Network"), self._outline("level_set", "Image processing (level set)")]

    def _outline(self, key: str, name: str) -> dict[str, str]:
        outline, pixels = self.found[key], self.found["width_px"] * self.found["height_px"]
        text = outline["failure"] or f"{percent(outline['area_px'] / pixels)} of the image"
        note = "Touches the border of the image: measurements are of the visible part only." if outline["touches_border"] else ""
        return {"key": key, "name": name, "text": text, "note": note}

    @property
    def agreement(self) -> str:
        """How far the two outlines cover the same area; empty when there are not two."""
        jaccard = self.found.get("outline_agreement")
        if jaccard is None:
            return ""
        hint = "" if jaccard >= OUTLINES_AGREE else " Look at both before you rely on the measurements."
        return f"The two outlines agree by {percent(jaccard, 0)}.{hint}"

    @property
    def part_seen(self) -> str:
        """How much of the lesion the classifier saw when that is not nearly all of it, or an empty string."""
        share = self.found.get("lesion_share_seen")
        return "" if share is None or share >= NEARLY_ALL_SEEN else percent(share)

    @property
    def heatmap(self) -> dict[str, str]:
        heat = self.found["heatmap"]
        share = heat["share_inside_lesion"]
        inside = "not measurable" if share is None else percent(share, 0)
        label = CLASS_WORDS.get(heat["label"], heat["label"])
        return {"label": label, "inside": inside, "share": "" if share is None else f"{share:.3f}"}

    @property
    def second_opinion(self) -> str:
        """What the measurements alone speak for, a sentence; empty for results from before there was one."""
        opinion = self.found.get("second_opinion")
        if not opinion:
            return ""
        p = opinion["p_malignant"]
        if p is None:
            return str(opinion["failure"])
        side = "at or above" if p >= opinion["threshold"] else "below"
        return f"{percent(p)} malignant, {side} its alert threshold of {percent(opinion['threshold'])}."

    @property
    def heatmap_doubts(self) -> list[str]:
        """Why it may not be read as where the evidence lies; empty also for results from before that was judged."""
        doubts: list[str] = self.found["heatmap"].get("doubts", [])
        return doubts

    @property
    def stages(self) -> list[Stage]:
        """In the order in which they ran: the database does not keep the order of JSON."""
        taken = self.analysis.timings_ms
        return [Stage(words, f"{taken[name]:.0f} ms") for name, words in TIMING_WORDS.items() if name in taken]

    @property
    def times(self) -> dict[str, str]:
        done, begun, asked = self.analysis.finished_at, self.analysis.started_at, self.analysis.queued_at
        if not (done and begun):
            return {}
        compute_ms = sum(self.analysis.timings_ms.values())
        return {
            "waited": f"{(begun - asked).total_seconds():.2f} s",
            "computed": f"{compute_ms / 1000:.2f} s",
            "all": f"{(done - asked).total_seconds():.2f} s",
        }

    @property
    def models(self) -> list[dict[str, str]]:
        return [used | {"task_words": TASK_WORDS.get(used["task"], used["task"])} for used in self.analysis.models_used]


def _diagnosis(score: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        label=score["label"],
        name=CLASS_WORDS.get(score["label"], score["label"]),
        nature=nature(score["label"]),
        probability_percent=percent(score["probability"]),
        confidence_percent=f"{score['confidence_percent']:.1f} %",
        share=f"{score['probability']:.4f}",
        is_listed=score["is_listed"],
    )


def _marked(structure: dict[str, Any]) -> Marked:
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


def _shape_bars(abcd: dict[str, Any]) -> list[Bar]:
    names = ", ".join(COLOUR_WORDS.get(name, name) for name in abcd["colours"])
    return [
        _bar(abcd, "A1", "Asymmetry across the long axis", _share_off(abcd["asymmetry_1"])),
        _bar(abcd, "A2", "Asymmetry across the short axis", _share_off(abcd["asymmetry_2"])),
        _bar(abcd, "B", "Border irregularity", _figure(abcd["border_irregularity"], "{:.2f} (a circle has 1)")),
        _bar(abcd, "C", "Colours", f"{len(abcd['colours'])} of 6: {names}" if names else "none of the six colours"),
    ]


def _diameter_bars(abcd: dict[str, Any]) -> list[Bar]:
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


def _colour(name: str, abcd: dict[str, Any]) -> Colour:
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
