"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.cases import waiting_for
from patients.selectors.lesions import awaiting_impression, checklists_of, newest_histology, pictures_to_compare
from patients.selectors.people import people
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients

__all__ = [
    "awaiting_impression",
    "checklists_of",
    "find_patients",
    "images_of",
    "is_elsewhere",
    "lesions_of",
    "newest_histology",
    "people",
    "pictures_to_compare",
    "recent_images",
    "recent_patients",
    "waiting_for",
]  # fmt: skip
