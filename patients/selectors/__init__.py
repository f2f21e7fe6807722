"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.answers import answers_for, events_for, histologies_for, is_blinded
from patients.selectors.cases import waiting_for
from patients.selectors.impressions import awaiting_impression, own_impression
from patients.selectors.people import people
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.review import pictures_for_review

__all__ = [
    "answers_for",
    "awaiting_impression",
    "events_for",
    "find_patients",
    "histologies_for",
    "images_of",
    "is_blinded",
    "is_elsewhere",
    "lesions_of",
    "own_impression",
    "people",
    "pictures_for_review",
    "recent_images",
    "recent_patients",
    "waiting_for",
]  # fmt: skip
