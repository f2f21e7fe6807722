"""Reads that span models. Each answers one page with a constant number of queries."""

from patients.selectors.accounts import (
    administration_counts,
    invitations,
    people,
    pools,
    practices,
    safety_of,
)
from patients.selectors.cases import waiting_for
from patients.selectors.records import find_patients, images_of, is_elsewhere, lesions_of, recent_images, recent_patients

__all__ = [
    "find_patients", "images_of", "is_elsewhere", "lesions_of", "people", "recent_images", "recent_patients", "waiting_for",
]  # fmt: skip
__all__ += ["administration_counts", "invitations", "pools", "practices", "safety_of"]
