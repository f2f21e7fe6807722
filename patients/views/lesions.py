"""Lesions and the files of their pictures."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import ImageUploadForm, LesionForm
from patients.models import Image, Lesion, Patient
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
        "images": selectors.images_of(lesion),
        "cases": lesion.cases.select_related("to_user", "to_pool", "by"),
        "can_add_images": rules.can_add_images(request.user),
        "can_export_originals": rules.can_export_originals(request.user),
        "can_refer": rules.can_refer(request.user),
        "upload": ImageUploadForm(),
    }
    return render(request, "patients/lesion.html", context)


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
