"""What diagnoses, colours and structures are called on every page, and how shares are written."""

from __future__ import annotations

from analysis.models import Diagnosis

CLASS_WORDS: dict[str, str] = dict(Diagnosis.choices)
COLOUR_WORDS = {
    "white": "white",
    "red": "red",
    "light_brown": "light brown",
    "dark_brown": "dark brown",
    "blue_grey": "blue-grey",
    "black": "black",
}
STRUCTURE_WORDS = {
    "globules": ("Globules", "dark blue", "Seen in melanocytic lesions; of uneven size and place they speak for melanoma."),
    "streaks": ("Streaks", "orange", "At part of the edge they speak for melanoma; all around, for a Reed naevus."),
    "pigment_network": ("Pigment network", "green", "Speaks for a melanocytic lesion; an irregular one for melanoma."),
    "milia_like_cyst": ("Milia-like cysts", "yellow", "Speak for a seborrhoeic keratosis; small ones occur in melanoma too."),
    "negative_network": ("Negative network", "pink", "Commoner in melanoma, but seen in Spitz and other naevi and in dermatofibroma too."),
}
"""Structure → its name, the colour it is drawn in, what it speaks for: Argenziano et al. 1998 and 2003, of milia-like cysts
Stricklin et al. 2011, of the negative network Pizzichetta et al. 2013 (docs/references.md)."""


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"
