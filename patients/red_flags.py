"""Which red flags a referral begins with, and why: what the record already says, for the practice to confirm or to take away."""

from __future__ import annotations

from datetime import date

from patients.models import Lesion, RedFlag, RiskFactor, Symptom

NEW_FROM_AGE = 50
NAILS_PALMS_SOLES = ("nail", "palm", "sole", "plantar", "palmar")


def suggested_flags(lesion: Lesion) -> dict[RedFlag, str]:
    """Each flag with the reason for it, in words that end a sentence: "Melanoma before: among the risk factors"."""
    patient = lesion.patient
    found = {
        RedFlag.GROWING: "the lesion grows, by its symptoms" if Symptom.GROWING in lesion.symptoms else "",
        RedFlag.BLEEDING: "the lesion bleeds, by its symptoms" if Symptom.BLEEDING in lesion.symptoms else "",
        RedFlag.NEW_AFTER_50: _is_new(lesion.first_noticed, patient.birth_date),
        RedFlag.UNDER_NAIL: f"the site is {lesion.site.lower()}" if _is_acral(lesion.site_meaning) else "",
        RedFlag.MELANOMA_BEFORE: "among the risk factors" if RiskFactor.MELANOMA_BEFORE in patient.risk_factors else "",
        RedFlag.IMMUNOSUPPRESSED: "among the risk factors" if RiskFactor.IMMUNOSUPPRESSED in patient.risk_factors else "",
    }
    return {flag: why for flag, why in found.items() if why}


def _is_new(noticed: date | None, born: date) -> str:
    if noticed is None:
        return ""
    age = noticed.year - born.year - ((noticed.month, noticed.day) < (born.month, born.day))
    return f"first noticed at the age of {age}" if age > NEW_FROM_AGE else ""


def _is_acral(site_meaning: str) -> bool:
    words = site_meaning.lower()
    return any(word in words for word in NAILS_PALMS_SOLES)
