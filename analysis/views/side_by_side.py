"""All the lesions of a patient on one page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis import selectors
from analysis.odd_one_out import LEAST
from analysis.presentation.beside import beside_one_another, by_oddness
from patients import audit
from patients.models import Lesion, Patient
from patients.permissions import allowed_if, can_open_records, get_for
from patients.selectors import awaiting_impression, pictures_to_compare
from patients.views import person


@require_safe
@never_cache
@allowed_if(can_open_records)
def side_by_side(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Each lesion by its newest picture and the figures of that, sorted by number or by how far it is from the others."""
    patient = get_for(request.user, Patient.objects.select_related("practice"), patient_id)
    lesions = list(Lesion.objects.visible_to(request.user).filter(patient=patient).order_by("number"))
    pictures = pictures_to_compare(lesions)
    awaiting = awaiting_impression(request.user, pictures.values())
    rows = beside_one_another(lesions, pictures, selectors.figures_of_newest(pictures.values()), awaiting)
    is_by_oddness = request.GET.get("sort") == "oddness"
    seen = [str(lesion.pk) for lesion in lesions]
    audit.record(actor=request.user, action="patient.compare-lesions", obj=patient, detail={"lesions": seen})
    context = {
        "patient": patient,
        "rows": by_oddness(rows) if is_by_oddness else rows,
        "odd_ones": [row for row in rows if row.is_odd_one_out],
        "compared": sum(row.oddness is not None for row in rows),
        "least": LEAST,
        "is_by_oddness": is_by_oddness,
        "sees_all": not person(request).is_dermatologist,
    }
    return render(request, "analysis/side_by_side.html", context)
