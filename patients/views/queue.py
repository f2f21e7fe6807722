"""The dermatologists' queue, and how long its answers take."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import QueueForm
from patients.views.pages import person

PERIODS_DAYS = (30, 90)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def queue(request: HttpRequest) -> HttpResponse:
    """Filters and pages are POST requests: an address tells nobody what somebody looks at."""
    now = timezone.now()
    form = QueueForm(request.POST or None, viewer=person(request))
    addressed, urgency, after = form.wanted()
    page = selectors.queue_page(request.user, addressed=addressed, urgency=urgency, after=after)
    seen = selectors.patients_of(row.case for row in page.rows)
    audit.record(actor=request.user, action="queue.read", obj=person(request), detail={"patients": seen})
    context = {"form": form, "page": page, "addressed": addressed, "urgency": urgency, "is_later_page": after, "since": _microseconds(now)}
    return render(request, "patients/queue.html", context)


@require_POST
@rules.allowed_if(rules.can_review)
def take_next(request: HttpRequest) -> HttpResponse:
    case = services.claim_next(actor=person(request))
    if case is None:
        messages.info(request, "Nothing waits in your queue.")
        return redirect("patients:queue")
    return redirect("patients:review", case.pk)


@require_safe
@rules.allowed_if(rules.can_review)
def news(request: HttpRequest, since: int) -> HttpResponse:
    """How many cases came since the page was made; the rows stay where they are, under the reader's hand."""
    try:
        moment = datetime.fromtimestamp(since / 10**6, UTC)
    except (OverflowError, ValueError, OSError):
        moment = timezone.now()
    return render(request, "patients/_queue_news.html", {"count": selectors.new_in_queue(request.user, moment)})


@require_safe
@rules.allowed_if(rules.can_see_service_levels)
def sla(request: HttpRequest) -> HttpResponse:
    periods = [selectors.service_levels(request.user, days) for days in PERIODS_DAYS]
    return render(request, "patients/sla.html", {"periods": periods})


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 10**6)
