"""What somebody is told."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef

from patients.models import Case, Notification, Viewer

NOTIFICATIONS_PER_PAGE = 50


def notifications_of(viewer: Viewer, page: int | str | None = 1) -> Page[Notification]:
    """The newest first, each with `can_open`: whether its case may still be seen."""
    still_seen = Case.objects.visible_to(viewer).filter(pk=OuterRef("case"))
    found = Notification.objects.visible_to(viewer).select_related("case").annotate(can_open=Exists(still_seen))
    return Paginator(found.order_by("-at", "id"), NOTIFICATIONS_PER_PAGE).get_page(page)


def unread_count(viewer: Viewer) -> int:
    return Notification.objects.visible_to(viewer).unread().count()
