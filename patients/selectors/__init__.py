"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.cases import waiting_for
from patients.selectors.consents import cases_without_answer, consents_of
from patients.selectors.people import people
from patients.selectors.records import images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.search import find_patients, possible_duplicates

__all__ = [
    "cases_without_answer", "consents_of", "find_patients", "images_of", "is_elsewhere", "lesions_of", "people", "possible_duplicates",
    "recent_images", "recent_patients", "waiting_for",
]  # fmt: skip
