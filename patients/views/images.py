"""Pictures of a lesion: their files, their scale, what belongs together."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from patients import permissions as rules
from patients import services
from patients.forms import CalibrationForm, PairForm
from patients.models import Image
from patients.views.pages import person, saved
from patients.views.scale import scale_page
from skinclinic.errors import ClinicError, wants_json

WITH_PATIENT = Image.objects.select_related("lesion__patient")


@require_GET
@rules.allowed_if(rules.can_open_records)
@cache_control(private=True, no_store=True)
def image_file(request: HttpRequest, image_id: UUID, variant: str) -> FileResponse:
    """Originals leave the house as downloads only, for GPs: a browser must never render what somebody uploaded."""
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    content = services.open_image_file(actor=person(request), image=image, variant=variant)
    media_type = {"thumbnail": "image/jpeg", "original": image.media_type}.get(variant, image.upright_media_type)
    suffix = {"image/jpeg": "jpg", "image/png": "png"}.get(media_type, "dcm")
    response = FileResponse(
        content, as_attachment=variant == "original", filename=f"{image.pk}-{variant}.{suffix}", content_type=media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_measure_images)
def calibrate(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Two points on a ruler in the picture, and the millimetres between them."""
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    form = CalibrationForm(image, request.POST or None)
    if saved(form, lambda: services.calibrate_image(actor=person(request), image=image, ruler=form.ruler())):
        messages.success(request, "The scale is stored. Analyse the picture again to see its measurements in millimetres.")
        return redirect("patients:calibrate", image_id)
    return scale_page(request, image, ruler=form)


@require_POST
@rules.allowed_if(rules.can_add_images)
def pair(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Pages get the lesion back, programs a word."""
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    form = PairForm(request.POST)
    try:
        overview = rules.get_for(request.user, Image.objects.filter(lesion=image.lesion_id), _chosen(form))
        services.pair_images(actor=person(request), image=image, overview=overview)
    except ClinicError as refusal:
        if wants_json(request) or refusal.http_status == 403:
            raise
        messages.error(request, refusal.message)
    return JsonResponse({"paired_with": form.data["overview"]}) if wants_json(request) else redirect(image.lesion)


@require_POST
@rules.allowed_if(rules.can_add_images)
def unpair(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = rules.get_for(request.user, WITH_PATIENT, image_id)
    services.unpair_image(actor=person(request), image=image)
    return redirect(image.lesion)


def _chosen(form: PairForm) -> UUID:
    if not form.is_valid():
        raise ClinicError("pair_incomplete", str(form.errors["overview"][0]))
    chosen: UUID = form.cleaned_data["overview"]
    return chosen
