"""Lesions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from patients import audit, bodymap, selectors, services
from patients import permissions as rules
from patients.forms import ChecklistForm, ImageUploadForm, LesionForm
from patients.models import Checklist, Dermatoscope, Lesion, Patient
from patients.views.pages import person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_add_lesions)
def lesion_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    form = LesionForm(patient, request.POST or None)
    lesion = saved(form, lambda: services.add_lesion(actor=person(request), patient=patient, **form.facts()))
    if lesion is not None:
        return redirect(lesion)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    return _lesion_form(request, form, title="New lesion", button="Add lesion", back=patient.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_lesions)
def lesion_edit(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient", "changed_by"), lesion_id)
    form = LesionForm(lesion.patient, request.POST or None, lesion=lesion)
    if saved(form, lambda: _change(request, lesion, form)):
        messages.success(request, "The changes are saved.")
        return redirect(lesion)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    theirs = _their_change(lesion, form)
    page = {"title": f"Change lesion {lesion.number}", "button": "Save changes", "back": lesion.get_absolute_url()}
    return _lesion_form(request, form, **page, theirs=theirs)


def _change(request: HttpRequest, lesion: Lesion, form: LesionForm) -> Lesion:
    version = form.cleaned_data["version"] or 0  # a page that does not say what it showed has shown nothing
    return services.change_lesion(actor=person(request), lesion=lesion, version=version, **form.facts())


def _their_change(lesion: Lesion, form: LesionForm) -> Lesion | None:
    """The row as somebody else has saved it while this form was open, read again; None where nobody has."""
    if not form.is_bound:
        return None
    lesion.refresh_from_db()
    if form.data.get("version") == str(lesion.version):
        return None
    form.now_compared_with(lesion)
    return lesion


def _lesion_form(
    request: HttpRequest, form: LesionForm, *, title: str, button: str, back: str, theirs: Lesion | None = None
) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "back": back, "patient": form.patient, "theirs": theirs}
    context |= {"figures": bodymap.figures(), "not_drawn": bodymap.not_drawn()}
    status = 409 if theirs else 400 if form.errors else 200
    return render(request, "patients/lesion_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_fill_checklist)
def checklist(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient"), lesion_id)
    form = ChecklistForm(request.POST or None)
    answered = saved(form, lambda: services.record_checklist(actor=person(request), lesion=lesion, signs=form.signs()))
    if answered is not None:
        messages.success(request, f"The checklist is kept: {answered.score} of 10.")
        return redirect(lesion)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    context = {"form": form, "lesion": lesion, "checklists": selectors.checklists_of(lesion), "urgent_from": Checklist.URGENT_FROM}
    return render(request, "patients/checklist.html", context, status=400 if form.errors else 200)


@require_safe
@rules.allowed_if(rules.can_open_records)
def lesion_detail(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient__practice", "changed_by"), lesion_id)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    timeline = selectors.timeline_of(request.user, lesion)
    context = {
        "lesion": lesion,
        "timeline": timeline,
        "cases": timeline.cases,
        "histology": next(iter(timeline.histologies), None),
        "can_add_images": rules.can_add_images(request.user),
        "can_measure_images": rules.can_measure_images(request.user),
        "can_export_originals": rules.can_export_originals(request.user),
        "can_refer": rules.can_refer(request.user),
        "upload": ImageUploadForm(dermatoscopes=Dermatoscope.objects.visible_to(request.user)),
    }
    context |= _facts(request, lesion)
    return render(request, "patients/lesion.html", context)


def _facts(request: HttpRequest, lesion: Lesion) -> dict[str, Any]:
    """What is known of the lesion itself: what the checklist says, and what may be done about it."""
    return {
        "can_record_histology": rules.can_record_histology(request.user),
        "checklists": selectors.checklists_of(lesion),
        "urgent_from": Checklist.URGENT_FROM,
        "can_edit": rules.can_edit_lesions(request.user),
        "can_fill_checklist": rules.can_fill_checklist(request.user),
    }
