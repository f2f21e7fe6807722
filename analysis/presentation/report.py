"""A finished analysis as its page shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analysis.models import Analysis, Kind
from analysis.presentation import rows
from analysis.presentation.evidence import Named, named
from analysis.presentation.progress import TIMING_WORDS
from analysis.presentation.rows import Bar, Colour, Diagnosis, Marked, Overlay, Stage
from analysis.presentation.since import Since, since
from analysis.presentation.words import CLASS_WORDS, STRUCTURE_WORDS, percent
from analysis.regions import Region
from patients.models import Modality

WAVERING = "Such answers are wrong about three times as often."
"""Measured on val, see docs/models.md."""
NEARLY_ALL_SEEN = 0.95
"""Below this share of the lesion inside the classifier's square the page warns."""
OUTLINES_AGREE = 0.6
"""Below this Jaccard index the two outlines show different things."""
SURELY = 0.9
"""From this probability on the picture is said to look dermoscopic, or macroscopic, against what was stated at the upload."""
TASK_WORDS = {"classification": "Diagnosis", "lesion": "Lesion outline", "structures": "Dermoscopic structures", "abcd": "Second opinion"}


@dataclass(frozen=True)
class Report:
    """A finished analysis as the page shows it."""

    analysis: Analysis
    held_back: Collection[UUID] = ()
    """Pictures of which the reader owes an impression: what has changed since one of them would tell what was found in it."""

    @property
    def found(self) -> dict[str, Any]:
        return self.analysis.result or {}

    @property
    def frame(self) -> Region | None:
        """What was looked at around a marked region; None for the whole picture."""
        frame = self.found.get("frame")
        return Region(*frame) if frame else None

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
        return [rows.diagnosis(score) for score in self.found["classification"]["scores"]]

    @property
    def listed(self) -> list[Diagnosis]:
        return [diagnosis for diagnosis in self.diagnoses if diagnosis.is_listed]

    @property
    def chance_percent(self) -> str:
        return percent(1 / len(self.found["classification"]["scores"]))

    @property
    def bars(self) -> list[Bar]:
        return [*rows.shape_bars(self.found["abcd"]), *rows.diameter_bars(self.found["abcd"])]

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
        return [rows.colour(name, abcd) for name in abcd["colours"]]

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
            *self._altered_overlays(),
            *self._change_overlays(),
            Overlay(
                "heatmap",
                "Grad-CAM",
                f"What spoke for {CLASS_WORDS.get(label, label)}; faint where the evidence is weak.",
                (Kind.HEATMAP.value,),
            ),
        ]

    def _change_overlays(self) -> list[Overlay]:
        """None without an earlier picture that could be laid over this one."""
        if not (self.since and self.since.rows):
            return []
        day = f"{self.since.day.day} {self.since.day:%B %Y}"
        return [
            Overlay("earlier", "Earlier picture", f"The picture of {day}. Move the opacity to and fro.", (Kind.EARLIER.value,)),
            Overlay(
                "change",
                "Change of colour",
                f"Violet: more changed since {day} than is usual.",
                (Kind.CHANGE.value,),
            ),
        ]

    def _altered_overlays(self) -> list[Overlay]:
        """The picture as it is not: only where there was reason to make one, and none for results from before they were kept."""
        overlays = {
            Kind.CLEARED.value: ("Hair and ruler removed", "Hair and rulers painted over.", "occlusion"),
            Kind.LIGHTENED.value: ("Made lighter", f"The picture made lighter{self._gamma}.", "light"),
        }
        return [
            Overlay(kind, name, f"{hint} {self._answer_to(finding)}", (kind,), is_picture=True)
            for kind, (name, hint, finding) in overlays.items()
            if kind in self.found.get("altered", [])
        ]

    @property
    def _gamma(self) -> str:
        lightened = self.found.get("lightened")
        return f" (gamma {lightened['gamma']:.2f})" if lightened else ""

    def _answer_to(self, kind: str) -> str:
        """Which picture the diagnoses are of, and the malignancy of the altered one where it was asked and means anything."""
        p = self.found["classification"]["p_malignant"]
        effects = [finding["effect"] for finding in self.found.get("evidence", []) if finding["kind"] == kind]
        if self.is_unfamiliar or not effects:
            return "The diagnoses are of the picture as it is."
        return f"The diagnoses are of the picture as it is ({percent(p)} malignant); of this one it would be {percent(p - effects[0])}."

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
        return [rows.marked(structure) for structure in self.found.get("structures", []) if structure["is_validated"]]

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
        cut_by = "edge of the region" if self.frame else "border of the image"
        note = f"Touches the {cut_by}: measurements are of the visible part only." if outline["touches_border"] else ""
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
    def certainty(self) -> dict[str, str]:
        """Whether the answer holds when it is asked for in other ways; empty for results from before that was asked."""
        asked = self.found.get("certainty")
        return _certainty(asked) if asked else {}

    @property
    def since(self) -> Since | None:
        """What has changed since the last visit; None for a first one, for a picture that means nothing to the models, and for results
        from before visits were compared, and while the reader has yet to judge the earlier picture."""
        stored = self.found.get("change")
        return since(stored) if stored and not self.is_unfamiliar and self.owed_before is None else None

    @property
    def owed_before(self) -> UUID | None:
        """The key of the earlier picture, where the reader has to say first what they think of it."""
        earlier = self.found.get("change", {}).get("image")
        return UUID(earlier) if earlier and UUID(earlier) in self.held_back else None

    @property
    def evidence(self) -> list[Named]:
        """What can be named, that which changes the answer most first."""
        return [named(finding, self.found["classification"]["p_malignant"]) for finding in self.found.get("evidence", [])]

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
        """From request to start, all stages together, from request to end; empty for an analysis that never ran."""
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


def _certainty(asked: dict[str, Any]) -> dict[str, str]:
    """One statement, and the answers it rests on."""
    networks, views = asked["networks"], [asked["mirrored"], asked["enlarged"]]
    answers = [*networks, *views]
    turned, renamed = (round((1 - asked[share]) * len(answers)) for share in ("agreeing", "same_diagnosis"))
    if turned:
        words = f"It wavers: {turned} of {len(answers)} other ways of asking would have changed the alert. {WAVERING}"
    elif renamed:
        words = f"The alert would not change, but {renamed} of {len(answers)} other ways of asking name another diagnosis first."
    else:
        words = f"It holds in all {len(answers)} other ways of asking."
    alone = f"each network alone {', '.join(percent(p) for p in networks)}; " if networks else ""
    return {"words": words, "answers": f"Malignancy by {alone}the mirrored picture {percent(views[0])}, enlarged {percent(views[1])}."}
