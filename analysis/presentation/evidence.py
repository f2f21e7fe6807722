"""Named findings in the words of the page: what was found, where, what it speaks for, and what the answer is without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.presentation.words import CLASS_WORDS, COLOUR_WORDS, STRUCTURE_WORDS, percent

COLOUR_MEANINGS = {
    "white": "Scar-like areas: regression in melanoma, but also the middle of a dermatofibroma.",
    "red": "Vessels or blood: vascular lesions first of all; irregular vessels occur in melanoma and carcinoma.",
    "blue_grey": "A blue-white veil or regression speak for melanoma; blue naevi and pigmented basal cell carcinomas are blue too.",
    "black": "Irregular blotches speak for melanoma.",
}
"""Argenziano et al. 2003 (docs/references.md)."""
ASYMMETRY_WORDS = {
    "both_axes": "Asymmetry in both axes",
    "long_axis": "Asymmetry across the long axis",
    "short_axis": "Asymmetry across the short axis",
}
MEASURED_MEANINGS = {
    "asymmetry": "Speaks for melanoma, weakly: one naevus in ten is as asymmetric in an axis, and about two melanomas in ten.",
    "border": "Speaks for melanoma, weakly: one naevus in ten has as irregular a border, and two melanomas in ten.",
    "colours": "Speaks for melanoma, weakly: three colours or more have 14 % of naevi and 24 % of melanomas.",
}
"""Shares among 2,969 naevi and 575 melanomas of the training images, see `vision.evidence`."""

WHOLE = {"occlusion": "without it", "light": "when made lighter"}
"""What changes the whole picture, and how that is put."""
LIGHTER_MEANING = (
    "The diagnoses are those of the picture as it is. Of pictures darkened on purpose the lighter version was judged better, "
    "though not as well as in good light: take it again."
)
"""docs/models.md; pictures that are dark by themselves were too few to tell."""


@dataclass(frozen=True)
class Named:
    """One row of the table."""

    key: str
    """What its swatch is called; empty for what has no colour."""
    name: str
    where: str
    meaning: str
    effect: str
    is_clear: bool


def named(finding: dict[str, Any], p_malignant: float) -> Named:
    """`p_malignant` is the answer to the whole picture."""
    key = finding["name"] if finding["kind"] in ("structure", "colour") else ""
    is_clear = finding["is_clear"] and _is_compared(finding)
    return Named(key, _name(finding), _where(finding), _meaning(finding), _effect(finding, p_malignant, is_clear=is_clear), is_clear)


def _is_compared(finding: dict[str, Any]) -> bool:
    """Whether a place was compared with an equal one elsewhere; results from before that was done call too much clear."""
    return finding["kind"] in WHOLE or finding.get("elsewhere") is not None


def _name(finding: dict[str, Any]) -> str:
    name: str = finding["name"]
    match finding["kind"]:
        case "structure":
            return STRUCTURE_WORDS[name][0]
        case "colour":
            return f"{COLOUR_WORDS[name].capitalize()} areas"
        case "heat":
            return "Hottest part of the Grad-CAM map"
        case "occlusion":
            return "Hair or a ruler"
        case "light":
            return "Too little light"
        case "asymmetry":
            return ASYMMETRY_WORDS[name]
        case "border":
            return "Irregular border"
        case _:
            return f"{name} colours"


def _where(finding: dict[str, Any]) -> str:
    if finding["place"] is None:
        return ""
    share = finding["share_of_lesion"]
    return f"{finding['place']}, {percent(share, 0) if share >= 0.01 else 'under 1 %'} of the lesion"


def _meaning(finding: dict[str, Any]) -> str:
    if finding["kind"] == "structure":
        return STRUCTURE_WORDS[finding["name"]][2]
    if finding["kind"] == "colour":
        return COLOUR_MEANINGS[finding["name"]]
    if finding["kind"] == "occlusion":
        return "They were painted over for the outline; the diagnoses are those of the picture as it is."
    if finding["kind"] == "light":
        return LIGHTER_MEANING
    if finding["kind"] == "heat":
        return f"What spoke for {CLASS_WORDS[finding['name']]}, according to the map."
    return MEASURED_MEANINGS[finding["kind"]]


def _effect(finding: dict[str, Any], p_malignant: float, *, is_clear: bool) -> str:
    if finding["effect"] is None:
        return ""
    if finding["kind"] in WHOLE:
        how = WHOLE[finding["kind"]]
        return f"{percent(p_malignant - finding['effect'])} {how}" if is_clear else f"no clear change {how}"
    if not _is_compared(finding):
        return "no equal place elsewhere to compare with" if "elsewhere" in finding else "not compared with another place"
    if not is_clear:
        return "not clearly more than an equal place elsewhere"
    without, elsewhere = (percent(p_malignant - finding[which]) for which in ("effect", "elsewhere"))
    return f"{without} without it, {elsewhere} without an equal place elsewhere"
