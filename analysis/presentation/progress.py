"""How far an analysis is, and whether it helps to try again."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.models import Analysis, Status

STAGE_WORDS = {
    "classification": "Comparing with known diagnoses",
    "occlusion": "Looking for hair and rulers",
    "lesion": "Outlining the lesion (network)",
    "quality": "Judging the picture's quality",
    "structures": "Looking for dermoscopic structures",
    "level_set": "Outlining the lesion (image processing)",
    "abcd": "Measuring asymmetry, border, colour and diameter",
    "explanation": "Finding what spoke for the result",
    "certainty": "Asking again in other ways",
    "evidence": "Weighing each finding",
}
"""Stage of the pipeline → what the clinician reads while it runs, in the order of `vision.pipeline.STAGES`."""

TIMING_WORDS = STAGE_WORDS | {"comparison": "Comparing with the visit before", "drawing": "Drawing the overlays"}
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
