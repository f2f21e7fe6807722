"""Codes of ICD-10 (WHO, 2019 edition, chapters II and XII) that a diagnosis suggests at a body site. A doctor may write another.

Melanoma, other malignant neoplasms, naevi and other benign neoplasms of skin share one scheme of sites as their fourth character:

    C43 C44 D22 D23   .0 lip  .1 eyelid, canthus  .2 ear  .3 rest of the face  .4 scalp, neck  .5 trunk  .6 upper limb, shoulder
                      .7 lower limb, hip  .9 not stated

Where the classification leaves the skin (mouth, eye, genitals, the red of the lip) other blocks apply, and nothing is suggested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from patients.models import Diagnosis

ICD10_SOURCE = "WHO ICD-10, version 2019"

REGIONS = {
    "0": "lip",
    "1": "eyelid, including canthus",
    "2": "ear and external auricular canal",
    "3": "other and unspecified parts of face",
    "4": "scalp and neck",
    "5": "trunk",
    "6": "upper limb, including shoulder",
    "7": "lower limb, including hip",
    "9": "site not stated",
}
BY_REGION: dict[str, tuple[str, str]] = {
    Diagnosis.MEL: ("C43", "Malignant melanoma of skin"),
    Diagnosis.BCC: ("C44", "Other malignant neoplasm of skin"),
    Diagnosis.SCC: ("C44", "Other malignant neoplasm of skin"),
    Diagnosis.NV: ("D22", "Melanocytic naevus"),
    Diagnosis.DF: ("D23", "Other benign neoplasm of skin"),
}
ANYWHERE: dict[str, tuple[str, str]] = {
    Diagnosis.BKL: ("L82", "Seborrhoeic keratosis"),
    Diagnosis.AK: ("L57.0", "Actinic keratosis"),
    Diagnosis.VASC: ("D18.0", "Haemangioma, any site"),
}

_RULES: tuple[tuple[str | None, str], ...] = (
    # The first that fits counts. None: no skin of this scheme.
    (None, "mucosa tooth hair retina iris cornea sclera caruncle vermilion postauricular"),
    (None, "penis glans prepuce scrotum genitalia urethral clitoris labium labia majorum vulval vaginal"),
    ("3", "nasolabial eyebrow preauricular perioral jawline"),
    ("1", "eyelid eyelash canthus"),
    ("2", "ear helix antihelix tragus antitragus intertragal concha pinna auditory"),
    ("0", "lip philtrum"),
    ("7", "foot forefoot toe heel sole ankle leg knee thigh popliteal lower_extremity"),
    ("6", "hand finger thumb palm palmar wrist forearm arm elbow antecubital upper_extremity"),
    ("4", "scalp neck nuchal occipital parietal vertex head submandibular submental"),
    ("3", "face forehead cheek chin nose nasi temporal paranasal infraalar eye"),
    ("5", "trunk thorax thoracic chest breast areola nipple sternal abdomen epigastric hypogastric umbilicus back paraspinal"),
    ("5", "infraclavicular axilla groin inguinal buttock gluteal perineum anus"),
)


@dataclass(frozen=True)
class Code:
    code: str
    title: str

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


def suggest(diagnosis: str, site_meaning: str) -> Code | None:
    """The code for a diagnosis at a site, named as in DICOM CID 4029 ("Skin of cheek"); None where there is no safe suggestion."""
    if diagnosis in ANYWHERE:
        return Code(*ANYWHERE[diagnosis])
    region = region_of(site_meaning)
    if region is None or diagnosis not in BY_REGION:
        return None
    category, title = BY_REGION[diagnosis]
    return Code(f"{category}.{region}", f"{title}: {REGIONS[region]}")


def suggestions(site_meaning: str) -> dict[str, Code]:
    """All suggestions for one site, by diagnosis."""
    found = {diagnosis.value: suggest(diagnosis, site_meaning) for diagnosis in Diagnosis}
    return {diagnosis: code for diagnosis, code in found.items() if code is not None}


def region_of(site_meaning: str) -> str | None:
    """The fourth character for a site; None where the scheme does not reach."""
    if site_meaning == "Skin":
        return "9"
    plain = site_meaning.lower().replace(" extremity", "_extremity")
    words = set(re.findall(r"[a-z_]+", plain))
    for region, hints in _RULES:
        if words & set(hints.split()):
            return region
    return None
