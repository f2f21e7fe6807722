"""What a patient agreed to: read, recorded, withdrawn."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import ConsentForm
from patients.models import Patient, Purpose
from patients.services.consents import ENDS_CASES
from patients.views.pages import form_page, person, saved

PAGE = "patients:consents"


@require_safe
@rules.allowed_if(rules.can_open_records)
def consents(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.select_related("practice"), patient_id)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    context = {
        "patient": patient,
        "consents": selectors.consents_of(patient),
        "can_edit": rules.can_edit_patients(request.user),
    }
    return render(request, "patients/consents.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def consent_give(request: HttpRequest, patient_id: UUID, purpose: str) -> HttpResponse:
    patient, agreed = rules.get_for(request.user, Patient.objects.all(), patient_id), _purpose(purpose)
    form = ConsentForm(request.POST or None)
    given = saved(
        form, lambda: services.give_consent(actor=person(request), patient=patient, purpose=agreed, given_on=form.cleaned_data["given_on"])
    )
    if given is not None:
        messages.success(request, "The consent is on record.")
        return redirect(PAGE, patient.pk)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    title, back = f"Record consent: {agreed.label}", reverse(PAGE, args=[patient.pk])
    return form_page(request, form, title=title, button="Record consent", back=back, patient=patient)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def consent_withdraw(request: HttpRequest, patient_id: UUID, purpose: str) -> HttpResponse:
    """Asks first, and says what follows."""
    patient, agreed = rules.get_for(request.user, Patient.objects.all(), patient_id), _purpose(purpose)
    if request.method == "POST":
        services.withdraw_consent(actor=person(request), patient=patient, purpose=agreed)
        messages.success(request, "The consent is withdrawn as of now.")
        return redirect(PAGE, patient.pk)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    context = {
        "patient": patient,
        "purpose": agreed,
        "consent": patient.consents.in_force().filter(purpose=agreed).first(),
        "ends_cases": agreed in ENDS_CASES,
        "cases": selectors.cases_without_answer(patient),
    }
    return render(request, "patients/consent_withdraw.html", context)


def _purpose(word: str) -> Purpose:
    if word not in Purpose.values:
        raise Http404
    return Purpose(word)
