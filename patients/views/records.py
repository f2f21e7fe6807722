"""Patients: searched for, registered, changed, read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from patients import audit, bodymap, selectors, services
from patients import permissions as rules
from patients.forms import PatientForm, SearchForm
from patients.models import Patient
from patients.views.pages import form_page, person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_open_records)
def patient_list(request: HttpRequest) -> HttpResponse:
    """Searching and turning pages are POST requests: names do not belong into addresses, histories and server logs."""
    search = SearchForm(request.POST or None)
    words, page = (search.cleaned_data["words"], search.cleaned_data["page"]) if search.is_valid() else ("", None)
    found = selectors.find_patients(request.user, words, page or 1)
    seen = [str(patient.pk) for patient in found]
    audit.record(actor=request.user, action="patient.list", obj=person(request), detail={"patients": seen})
    return render(request, "patients/list.html", {"search": search, "words": words, "page": found})


@require_safe
@rules.allowed_if(rules.can_open_records)
def patient_detail(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.select_related("practice"), patient_id)
    lesions = selectors.lesions_of(request.user, patient)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    return render(request, "patients/detail.html", {"patient": patient, "lesions": lesions, "figures": bodymap.marked(lesions)})


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_new(request: HttpRequest) -> HttpResponse:
    form = PatientForm(request.POST or None)
    patient = saved(form, lambda: services.create_patient(actor=person(request), **form.cleaned_data))
    if patient is not None:
        messages.success(request, "The patient is registered. Add the first lesion next.")
        return redirect(patient)
    return form_page(request, form, title="New patient", button="Register patient", back=reverse("patients:list"))


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_edit(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    form = PatientForm(request.POST or None, instance=patient)
    if saved(form, lambda: services.change_patient(actor=person(request), patient=patient, **_changes(form))):
        messages.success(request, "The changes are saved.")
        return redirect("patients:detail", patient_id)
    return form_page(request, form, title="Change patient", button="Save changes", back=patient.get_absolute_url())


def _changes(form: PatientForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in form.changed_data}
