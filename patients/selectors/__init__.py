"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.access import access_keys, all_acts, gathered_acts
from patients.selectors.accounts import administration_counts, invitations, people, pools, practices, safety_of
from patients.selectors.answers import (
    answers_for,
    events_for,
    histologies_for,
    histologies_of,
    is_blinded,
    owes_second_opinion,
    who_read_an_answer,
    whose_answer_was_read,
)
from patients.selectors.cases import (
    Section,
    cases_of,
    desk_of_dermatologist,
    desk_of_practice,
    new_in_queue,
    patients_of,
    queue_page,
)
from patients.selectors.consents import cases_without_answer, consents_of
from patients.selectors.impressions import awaiting_impression, own_impression
from patients.selectors.lesions import checklists_of, pictures_to_compare
from patients.selectors.notifications import notifications_of, unread_count
from patients.selectors.records import images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.review import pictures_for_review
from patients.selectors.search import find_patients, possible_duplicates
from patients.selectors.service_levels import service_levels
from patients.selectors.timeline import timeline_of

__all__ = [
    "Section", "access_keys", "administration_counts", "all_acts", "answers_for", "awaiting_impression", "cases_of",
    "cases_without_answer", "checklists_of", "consents_of", "desk_of_dermatologist", "desk_of_practice", "events_for", "find_patients",
    "gathered_acts", "histologies_for", "histologies_of", "images_of", "invitations", "is_blinded", "is_elsewhere", "lesions_of",
    "new_in_queue", "notifications_of", "owes_second_opinion", "own_impression", "patients_of", "people", "pictures_for_review",
    "pictures_to_compare", "pools", "possible_duplicates", "practices", "queue_page", "recent_images", "recent_patients", "safety_of",
    "service_levels", "timeline_of", "unread_count", "who_read_an_answer",
    "whose_answer_was_read",
]  # fmt: skip
