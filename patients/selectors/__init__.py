"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.access import access_keys, all_acts, gathered_acts
from patients.selectors.cases import waiting_for
from patients.selectors.lesions import awaiting_impression, checklists_of, newest_histology, pictures_to_compare
from patients.selectors.notifications import notifications_of, unread_count
from patients.selectors.people import people
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients
from patients.selectors.timeline import timeline_of

__all__ = [
    "access_keys", "all_acts", "awaiting_impression", "checklists_of", "find_patients", "gathered_acts", "images_of",
    "is_elsewhere", "lesions_of", "newest_histology", "notifications_of", "people", "pictures_to_compare", "recent_images",
    "recent_patients", "timeline_of", "unread_count", "waiting_for",
]  # fmt: skip
