"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.answers import answers_for, events_for, histologies_for, is_blinded
from patients.selectors.cases import (
    Section,
    cases_of,
    desk_of_dermatologist,
    desk_of_practice,
    new_in_queue,
    patients_of,
    queue_page,
    waiting_for,
)
from patients.selectors.impressions import awaiting_impression, own_impression
from patients.selectors.people import people
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.review import pictures_for_review
from patients.selectors.service_levels import service_levels

__all__ = [
    "Section", "answers_for", "cases_of", "desk_of_dermatologist", "desk_of_practice", "events_for", "find_patients", "histologies_for",
    "images_of", "is_blinded", "is_elsewhere", "lesions_of", "new_in_queue", "patients_of", "people", "queue_page", "recent_images",
    "recent_patients", "service_levels", "waiting_for",
]  # fmt: skip
__all__ += ["awaiting_impression", "own_impression", "pictures_for_review"]
