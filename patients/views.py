"""Pages of the records: parse, call one service or selector, render. Every page that shows patient data says so to the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import BreakGlassForm, ImageUploadForm, LesionForm, PatientForm, ReferralForm, SearchForm
from patients.models import BreakGlass, Image, Lesion, Patient, Role, User, role_of
from skinclinic.errors import ClinicError

T = TypeVar("T")


def person(request: HttpRequest) -> User:
    """Whoever is logged in: nobody else gets past LoginRequiredMiddleware."""
    return cast(User, request.user)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _HOMES.get(role_of(request.user), _home_of_nobody)(request)


def _home_of_gp(request: HttpRequest) -> HttpResponse:
    patients, images = selectors.recent_patients(request.user), selectors.recent_images(request.user)
    seen = {str(patient.pk) for patient in patients} | {str(image.lesion.patient_id) for image in images}
    audit.record(actor=request.user, action="home.read", obj=person(request), detail={"patients": sorted(seen)})
    return render(request, "patients/home_gp.html", {"search": SearchForm(), "patients": patients, "images": images})


def _home_of_dermatologist(request: HttpRequest) -> HttpResponse:
    referrals = selectors.referrals_to(request.user)
    seen = sorted({str(referral.lesion.patient_id) for referral in referrals})
    audit.record(actor=request.user, action="home.read", obj=person(request), detail={"patients": seen})
    return render(request, "patients/home_dermatologist.html", {"referrals": referrals})


def _home_of_admin(request: HttpRequest) -> HttpResponse:
    opened = BreakGlass.objects.open_for(request.user).select_related("patient__practice")
    return render(request, "patients/home_admin.html", {"opened": opened, "people": selectors.people()})


def _home_of_nobody(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/home_nobody.html")


_HOMES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    Role.GP: _home_of_gp,
    Role.DERMATOLOGIST: _home_of_dermatologist,
    Role.ADMIN: _home_of_admin,
}


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
    return render(request, "patients/detail.html", {"patient": patient, "lesions": lesions})


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_new(request: HttpRequest) -> HttpResponse:
    form = PatientForm(request.POST or None)
    patient = _saved(form, lambda: services.create_patient(actor=person(request), **form.cleaned_data))
    if patient is not None:
        messages.success(request, "The patient is registered. Add the first lesion next.")
        return redirect(patient)
    return _form_page(request, form, title="New patient", button="Register patient", back=reverse("patients:list"))


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_edit_patients)
def patient_edit(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    audit.record(actor=request.user, action="patient.read", obj=patient)
    form = PatientForm(request.POST or None, instance=patient)
    if _saved(form, lambda: services.change_patient(actor=person(request), patient=patient, **_changes(form))):
        messages.success(request, "The changes are saved.")
        return redirect("patients:detail", patient_id)
    return _form_page(request, form, title="Change patient", button="Save changes", back=patient.get_absolute_url())


def _changes(form: PatientForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in form.changed_data}


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_add_lesions)
def lesion_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patient = rules.get_for(request.user, Patient.objects.all(), patient_id)
    form = LesionForm(request.POST or None)
    lesion = _saved(
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
    return _form_page(request, form, title="New lesion", button="Add lesion", back=patient.get_absolute_url(), patient=patient)


@require_safe
@rules.allowed_if(rules.can_open_records)
def lesion_detail(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient__practice"), lesion_id)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    context = {
        "lesion": lesion,
        "images": selectors.images_of(lesion),
        "referrals": lesion.referrals.select_related("to_user", "to_pool", "by"),
        "can_add_images": rules.can_add_images(request.user),
        "can_export_originals": rules.can_export_originals(request.user),
        "can_refer": rules.can_refer(request.user),
        "upload": ImageUploadForm(),
    }
    return render(request, "patients/lesion.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_refer)
def refer(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient"), lesion_id)
    form = ReferralForm(request.POST or None)
    referral = _saved(
        form, lambda: services.refer_lesion(actor=person(request), lesion=lesion, to=form.target(), question=form.cleaned_data["question"])
    )
    if referral is not None:
        messages.success(request, f"The lesion is referred to {referral.target}.")
        return redirect(lesion)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    return _form_page(request, form, title="Refer lesion", button="Refer", back=lesion.get_absolute_url(), patient=lesion.patient)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_break_glass)
def break_glass(request: HttpRequest) -> HttpResponse:
    form = BreakGlassForm(request.POST or None)
    opened = _saved(form, lambda: services.break_glass(actor=person(request), **form.cleaned_data))
    if opened is not None:
        messages.warning(request, "The record is open to you for a short time. Everything you open is recorded.")
        return redirect(opened.patient)
    return _form_page(request, form, title="Open a record with a reason", button="Open the record", back=reverse("home"))


@require_GET
@rules.allowed_if(rules.can_open_records)
@cache_control(private=True, no_store=True)
def image_file(request: HttpRequest, image_id: UUID, variant: str) -> FileResponse:
    """Originals leave the house as downloads only, for GPs: a browser must never render what somebody uploaded."""
    image = rules.get_for(request.user, Image.objects.select_related("lesion__patient"), image_id)
    content = services.open_image_file(actor=person(request), image=image, variant=variant)
    media_type = {"thumbnail": "image/jpeg", "original": image.media_type}.get(variant, image.upright_media_type)
    suffix = {"image/jpeg": "jpg", "image/png": "png"}.get(media_type, "dcm")
    response = FileResponse(
        content, as_attachment=variant == "original", filename=f"{image.pk}-{variant}.{suffix}", content_type=media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _saved(form: forms.BaseForm, save: Callable[[], T]) -> T | None:
    """The service's answer; None when the form is empty, incomplete, or the service refused: then the form says why."""
    if not form.is_valid():
        return None
    try:
        return save()
    except ClinicError as refusal:
        if refusal.http_status == 403:
            raise
        form.add_error(None, refusal.message)
        return None


def _form_page(
    request: HttpRequest, form: forms.BaseForm, *, title: str, button: str, back: str, patient: Patient | None = None
) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "back": back, "patient": patient}
    return render(request, "patients/form.html", context, status=400 if form.errors else 200)
