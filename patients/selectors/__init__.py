"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.cases import waiting_for
from patients.selectors.people import people
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.timeline import timeline_of

__all__ = [
    "find_patients", "images_of", "is_elsewhere", "lesions_of", "people", "recent_images", "recent_patients", "timeline_of",
    "waiting_for",
]  # fmt: skip
