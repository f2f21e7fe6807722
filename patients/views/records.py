"""Patients: searched for, registered, changed, read."""

from __future__ import annotations

from collections.abc import Callable
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
from patients.views.pages import person, saved
from patients.views.versions import saved_version


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_open_records)
def patient_list(request: HttpRequest) -> HttpResponse:
    """Searching and turning pages are POST requests: names do not belong into addresses, histories and server logs.

    While somebody types, htmx asks for the list alone; what stands on the GP's first page goes away with the last letter.
    """
    search = SearchForm(request.POST or None)
    words, page = (search.cleaned_data["words"], search.cleaned_data["page"]) if search.is_valid() else ("", None)
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and not words and request.headers.get("HX-Target") == "quick-found":
        return render(request, "patients/_found.html", {"is_part": True})
    found = selectors.find_patients(request.user, words, page or 1)
    seen = [str(patient.pk) for patient in found]
    audit.record(actor=request.user, action="patient.list", obj=person(request), detail={"patients": seen})
    context = {"search": search, "words": words, "page": found, "is_part": is_part}
    return render(request, "patients/_found.html" if is_part else "patients/list.html", context)


@require_safe
@rules.allowed_if(rules.can_open_records)
def patient_detail(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.select_related("practice", "changed_by"), patient_id)
    lesions = selectors.lesions_of(request.user, patient)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    context = {"patient": patient, "lesions": lesions, "figures": bodymap.marked(lesions), "consents": selectors.consents_of(patient)}
    return render(request, "patients/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_new(request: HttpRequest) -> HttpResponse:
    actor = person(request)
    services.require_open(actor.practice)
    form = PatientForm(request.POST or None)
    patient = saved(
        form,
        lambda: _unless_known(
            form, lambda: services.create_patient(actor=actor, somebody_else_than=form.somebody_else_than(), **form.changes())
        ),
    )
    if patient is not None:
        messages.success(request, "The patient is registered. Add the first lesion next.")
        return redirect(patient)
    return _patient_page(request, form, title="New patient", button="Register patient", back=reverse("patients:list"))


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_edit(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    form = PatientForm(request.POST or None, instance=patient)

    def save() -> Patient:
        version, others = form.cleaned_data["version"], form.somebody_else_than()
        actor, changes = person(request), form.changes()
        return services.change_patient(actor=actor, patient=patient, version=version, somebody_else_than=others, **changes)

    changed, shown = saved_version(
        form, lambda: _unless_known(form, save), lambda: rules.get_for(request.user, Patient.objects.all(), patient_id)
    )
    if changed is not None:
        messages.success(request, "The changes are saved.")
        return redirect("patients:detail", patient_id)
    return _patient_page(request, shown, title="Change patient", button="Save changes", back=patient.get_absolute_url())


def _unless_known(form: PatientForm, save: Callable[[], Patient]) -> Patient:
    """The page shows whom the service takes for the same person."""
    try:
        return save()
    except services.PossibleDuplicateError as refusal:
        form.duplicates = refusal.patients
        raise


def _patient_page(request: HttpRequest, form: PatientForm, *, title: str, button: str, back: str) -> HttpResponse:
    """A question whether it is somebody else is no mistake of whoever typed."""
    if form.duplicates:
        seen = [str(patient.pk) for patient in form.duplicates]
        audit.record(actor=request.user, action="patient.list", obj=person(request), detail={"patients": seen})
    context = {"form": form, "title": title, "button": button, "back": back}
    return render(request, "patients/patient_form.html", context, status=400 if form.errors and not form.duplicates else 200)
