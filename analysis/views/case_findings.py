"""The models' findings of one case, as a part of the dermatologist's working page."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from analysis import selectors
from analysis.presentation.case import findings
from patients import audit
from patients.models import Case
from patients.permissions import allowed_if, can_open_records, get_for
from patients.selectors import awaiting_impression, pictures_for_review


@require_GET
@never_cache
@allowed_if(can_open_records)
@transaction.atomic
def case_findings(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Of every picture the newest result of the whole; nothing of a picture whose impression is still owed."""
    case = get_for(request.user, Case.objects.select_related("lesion__patient"), case_id)
    images = list(pictures_for_review(case.lesion))
    held_back = awaiting_impression(request.user, images)
    open_images = [image for image in images if image.pk not in held_back]
    done = selectors.newest_results(open_images)
    found = findings(images, held_back, done, selectors.under_way(open_images))
    seen = sorted(str(analysis.pk) for analysis in done.values())
    audit.record(actor=request.user, action="findings.read", obj=case, detail={"analyses": seen})
    return render(request, "analysis/_case_findings.html", {"case": case, "findings": found})
