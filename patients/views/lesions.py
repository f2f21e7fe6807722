"""Lesions."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import ImageUploadForm, LesionForm
from patients.models import Lesion, Patient
from patients.views.pages import form_page, person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_add_lesions)
def lesion_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    form = LesionForm(request.POST or None)
    lesion = saved(
        form,
        lambda: services.add_lesion(
            actor=person(request),
            patient=patient,
            site=form.site(),
            laterality=form.cleaned_data["laterality"],
            first_noticed=form.cleaned_data["first_noticed"],
            note=form.cleaned_data["note"],
        ),
    )
    if lesion is not None:
        return redirect(lesion)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    return form_page(request, form, title="New lesion", button="Add lesion", back=patient.get_absolute_url(), patient=patient)


@require_safe
@rules.allowed_if(rules.can_open_records)
def lesion_detail(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient__practice"), lesion_id)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    context = {
        "lesion": lesion,
        "timeline": selectors.timeline_of(request.user, lesion),
        "cases": lesion.cases.select_related("to_user", "to_pool", "by"),
        "can_add_images": rules.can_add_images(request.user),
        "can_measure_images": rules.can_measure_images(request.user),
        "can_export_originals": rules.can_export_originals(request.user),
        "can_refer": rules.can_refer(request.user),
        "upload": ImageUploadForm(),
    }
    return render(request, "patients/lesion.html", context)
