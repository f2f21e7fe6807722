"""Body sites: DICOM CID 4029, Dermatology Anatomic Sites, as pydicom carries it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pydicom.sr.codedict import codes


@dataclass(frozen=True)
class BodySite:
    code: str
    scheme: str
    meaning: str

    @property
    def key(self) -> str:
        """What a form sends: scheme and code, so that codes of two schemes cannot be mixed up."""
        return f"{self.scheme}:{self.code}"

    @property
    def label(self) -> str:
        return site_label(self.meaning)

    @property
    def only_side(self) -> str:
        """The laterality that the code itself names, as "upper outer quadrant of left breast" does; else empty."""
        words = self.meaning.lower().split()
        return "L" if "left" in words else "R" if "right" in words else ""


def site_label(meaning: str) -> str:
    """The code's meaning as people say it: "Skin of cheek" becomes "Cheek"."""
    plain = meaning.removeprefix("Skin of the ").removeprefix("Skin of ")
    return plain[:1].upper() + plain[1:]


@cache
def body_sites() -> dict[str, BodySite]:
    """All sites by key, in the order of their labels."""
    sites = (BodySite(code.value, code.scheme_designator, code.meaning) for code in codes.cid4029.concepts.values())
    return {site.key: site for site in sorted(sites, key=lambda site: site.label.lower())}
