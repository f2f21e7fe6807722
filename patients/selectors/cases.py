"""Cases in their queue and on people's desks."""

from __future__ import annotations

from patients.models import Case, CaseStatus, Viewer
from patients.selectors.records import latest_image

CASES_PER_PAGE = 50


def waiting_for(viewer: Viewer) -> list[Case]:
    """The front of the queue, in its order, each with the latest picture of its lesion (`latest_image_id`)."""
    related = ("lesion__patient", "by__practice", "to_user", "to_pool")
    found = Case.objects.addressed_to(viewer).filter(status=CaseStatus.WAITING).select_related(*related)
    return list(found.annotate(latest_image_id=latest_image("lesion")).in_order()[:CASES_PER_PAGE])
