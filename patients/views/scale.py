"""The scale of a picture, and the practice's dermatoscopes that pictures take theirs from."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from patients import audit, services
from patients import permissions as rules
from patients.forms import CalibrationForm, DermatoscopeForm, TakeScaleForm
from patients.models import Dermatoscope, Image, Modality, SpacingOrigin
from patients.services.calibration import least_length_px
from patients.views.pages import person, saved

WITH_PATIENT = Image.objects.select_related("lesion__patient")


def scale_page(
    request: HttpRequest,
    image: Image,
    *,
    ruler: CalibrationForm | None = None,
    keep: DermatoscopeForm | None = None,
    take: TakeScaleForm | None = None,
) -> HttpResponse:
    """What is known of the picture's scale and the ways to a better one; a form that was refused is handed in and says why."""
    audit.record(actor=request.user, action="lesion.read", obj=image.lesion)
    refused = any(form.errors for form in (ruler, keep, take) if form)
    take = take or TakeScaleForm(Dermatoscope.objects.visible_to(request.user))
    calibrations = list(image.calibrations.select_related("by", "dermatoscope"))
    context = {
        "image": image,
        "lesion": image.lesion,
        "form": ruler or CalibrationForm(image),
        "calibrations": calibrations,
        "least_px": least_length_px(image.width_px, image.height_px),
        "keep": keep or (DermatoscopeForm() if _can_be_kept(request, image) else None),
        "kept": [one for one in take.offered if calibrations and one.measured_in_id == calibrations[0].pk],
        "take": take if take.is_bound or _can_take(request, image, take) else None,
    }
    return render(request, "patients/calibrate.html", context, status=400 if refused else 200)


def _can_be_kept(request: HttpRequest, image: Image) -> bool:
    is_measured = image.modality == Modality.DERMOSCOPIC and image.pixel_spacing_origin == SpacingOrigin.RULER
    return is_measured and rules.can_use_dermatoscopes(request.user)


def _can_take(request: HttpRequest, image: Image, take: TakeScaleForm) -> bool:
    can_have = image.modality == Modality.DERMOSCOPIC and image.pixel_spacing_origin != SpacingOrigin.DICOM
    return can_have and bool(take.offered) and rules.can_use_dermatoscopes(request.user)


@require_POST
@rules.allowed_if(rules.can_use_dermatoscopes)
def keep_dermatoscope(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """The device that took this picture, measured on the ruler in it."""
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    form = DermatoscopeForm(request.POST)
    if saved(form, lambda: services.keep_dermatoscope(actor=person(request), image=image, **form.cleaned_data)):
        messages.success(request, "The dermatoscope is kept. Choose it when you add pictures that were taken with it.")
        return redirect("patients:calibrate", image_id)
    return scale_page(request, image, keep=form)


@require_POST
@rules.allowed_if(rules.can_use_dermatoscopes)
def take_scale(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """From a dermatoscope of the practice, for a picture that is here already."""
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    form = TakeScaleForm(Dermatoscope.objects.visible_to(request.user), request.POST)
    take = partial(services.take_scale, actor=person(request), image=image)
    if saved(form, lambda: take(dermatoscope=form.cleaned_data["dermatoscope"])):
        messages.success(request, "The scale is stored. Analyse the picture again to see its measurements in millimetres.")
        return redirect("patients:calibrate", image_id)
    return scale_page(request, image, take=form)


@require_safe
@rules.allowed_if(rules.can_use_dermatoscopes)
def dermatoscopes(request: HttpRequest) -> HttpResponse:
    """Those in use and those retired, each with its measurement and how many pictures have their scale from it."""
    known = Dermatoscope.objects.visible_to(request.user).annotate(image_count=Count("images"))
    related = known.select_related("measured_in__by", "retired_by")
    context = {
        "in_use": [one for one in related if one.is_in_use],
        "retired": [one for one in related if not one.is_in_use],
    }
    return render(request, "patients/dermatoscopes.html", context)


@require_POST
@rules.allowed_if(rules.can_use_dermatoscopes)
def retire_dermatoscope(request: HttpRequest, dermatoscope_id: UUID) -> HttpResponse:
    device = rules.get_for(request.user, Dermatoscope.objects.all(), dermatoscope_id)
    services.retire_dermatoscope(actor=person(request), dermatoscope=device)
    messages.success(request, f"“{device}” is retired. Pictures that have their scale from it keep it.")
    return redirect("patients:dermatoscopes")
