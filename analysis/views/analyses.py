"""Pages and files of analyses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import selectors, services
from analysis.active_models import is_outdated
from analysis.forms import RegionForm
from analysis.models import Analysis, Kind, Status
from analysis.permissions import can_request_analyses
from analysis.presentation.progress import can_help_to_retry, progress_of
from analysis.presentation.regions import Part, part
from analysis.presentation.report import Report
from analysis.scale import has_other_scale
from analysis.views.gate import leads_to_impression, require_earlier_revealed, revealed_to
from patients import audit
from patients.files import open_stored
from patients.forms import ImageUploadForm
from patients.models import Dermatoscope, Image, Lesion, Viewer
from patients.permissions import allowed_if, can_add_images, get_for, require
from patients.selectors import awaiting_impression, is_elsewhere, own_impression
from patients.services import missing_scale
from patients.views import person
from skinclinic.errors import ClinicError, wants_json

IMAGES = Image.objects.select_related("lesion__patient__practice")
ANALYSES = Analysis.objects.select_related("image__lesion__patient__practice", "requested_by")
WITHOUT_RESULT = ANALYSES.defer("result")
"""The result document is large, and only the page of the analysis reads it."""
TELLING_OF_EARLIER = {Kind.EARLIER, Kind.CHANGE}
"""Files that tell what was found in the picture of the visit before."""
MEDIA_TYPES = {Kind.HEATMAP_RAW: "application/octet-stream", Kind.LIGHTENED: "image/jpeg"}


@require_POST
@allowed_if(can_add_images)
def submit(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    """Keep one image of a lesion and ask for its analysis."""
    lesion = get_for(request.user, Lesion.objects.select_related("patient"), lesion_id)
    try:
        form = _checked(ImageUploadForm(request.POST, request.FILES, dermatoscopes=Dermatoscope.objects.visible_to(request.user)))
        upload, dermatoscope = form.cleaned_data["image"], form.cleaned_data.get("dermatoscope")
        analysis, is_new = services.submit_image(
            actor=person(request), lesion=lesion, upload=upload, capture=form.capture(), dermatoscope=dermatoscope
        )
    except ClinicError as refusal:
        if wants_json(request):
            raise
        messages.error(request, refusal.message)
        return redirect(lesion)
    if is_new and is_elsewhere(analysis.image):
        messages.warning(request, "The same file is on another lesion of this practice too. Check which one it shows.")
    document = _receipt(analysis, is_new) | {"notice": (notice := missing_scale(analysis.image, dermatoscope))}
    if wants_json(request):
        return JsonResponse(document, status=202)
    if notice:
        messages.warning(request, notice)
    return redirect(document["page_url"])


def _receipt(analysis: Analysis, is_new: bool) -> dict[str, Any]:
    """Of an image that was here already the page says so: it is asked for with `?again`."""
    image = analysis.image
    document = _addresses(analysis) | {"duplicate": not is_new, "uploaded_at": image.uploaded_at.isoformat()}
    document |= {"image_id": str(image.pk), "modality": image.modality, "pair_url": reverse("patients:image-pair", args=[image.pk])}
    return document if is_new else document | {"page_url": f"{document['page_url']}?again"}


def _checked(form: ImageUploadForm) -> ImageUploadForm:
    if form.is_valid():
        return form
    field, errors = next(iter(form.errors.items()))
    raise ClinicError("incomplete-form", str(errors[0]) if field == "image" else f"{form[field].label}: {errors[0]}")


@require_http_methods(["GET", "POST"])
@never_cache
@leads_to_impression
def latest(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Lead to the newest analysis of an image, or offer to start one."""
    if request.method == "POST":
        require(can_request_analyses(request.user))
        image = get_for(request.user, IMAGES, image_id)
        return redirect("analysis:detail", services.request_analysis(actor=person(request), image=image).pk)
    image = revealed_to(request.user, IMAGES, image_id)
    if analysis := selectors.newest_analysis(image):
        return redirect("analysis:detail", analysis.pk)
    audit.record(actor=request.user, action="lesion.read", obj=image.lesion)
    return render(request, "analysis/latest.html", _image_context(request.user, image) | {"parts": _parts(image)})


@require_http_methods(["GET", "POST"])
@never_cache
@leads_to_impression
@allowed_if(can_request_analyses)
def region(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Mark the lesion that is meant where several are in view, and ask for an analysis of it alone."""
    image = revealed_to(request.user, IMAGES, image_id)
    form = RegionForm(image, request.POST if request.method == "POST" else None)
    try:
        if request.method == "POST":
            analysis = services.request_analysis(actor=person(request), image=image, region=form.region())
            return JsonResponse(_addresses(analysis), status=202) if wants_json(request) else redirect("analysis:detail", analysis.pk)
    except ClinicError as refusal:
        if wants_json(request) or refusal.http_status == 403:
            raise
        form.add_error(None, refusal.message)
    audit.record(actor=request.user, action="lesion.read", obj=image.lesion)
    return render(request, "analysis/region.html", _image_context(request.user, image) | {"form": form}, status=400 if form.errors else 200)


@require_GET
@never_cache
@leads_to_impression
@transaction.atomic
def detail(request: HttpRequest, analysis_id: UUID) -> HttpResponse:
    """Progress while it runs, then the results."""
    analysis = revealed_to(request.user, ANALYSES, analysis_id)
    _record_read(request.user, "analysis.read", analysis)
    context = _image_context(request.user, analysis.image) | {"analysis": analysis, "progress": progress_of(analysis)}
    context |= {"may_retry": context["may_request"] and can_help_to_retry(analysis), "is_duplicate": "again" in request.GET}
    context |= {"parts": (parts := _parts(analysis.image)), "whole": next((one for one in parts if one.region is None), None)}
    if analysis.status == Status.SUCCEEDED:
        held_back = awaiting_impression(request.user, analysis.image.lesion.images.all())
        context |= {
            "report": Report(analysis, held_back),
            "is_outdated": is_outdated(analysis),
            "has_other_scale": has_other_scale(analysis),
        }
        context |= {"impression": own_impression(request.user, analysis.image)}
    return render(request, "analysis/detail.html", context)


@require_GET
@never_cache
def status(request: HttpRequest, analysis_id: UUID) -> HttpResponse:
    """How far the analysis is: what the page asks for every moment. No clinical content, hence no audit row.

    `seen` names what the page shows already; nothing new is answered with 204, so that a screen reader is left in peace.
    """
    analysis = get_for(request.user, Analysis.objects.defer("result"), analysis_id)
    progress = progress_of(analysis)
    if wants_json(request):
        return JsonResponse(_status_document(analysis))
    if not analysis.is_live:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("seen") == progress.token:
        return HttpResponse(status=204)
    return render(request, "analysis/_progress.html", {"analysis": analysis, "progress": progress})


@require_POST
@allowed_if(can_request_analyses)
def cancel(request: HttpRequest, analysis_id: UUID) -> HttpResponse:
    services.cancel_analysis(actor=person(request), analysis=get_for(request.user, WITHOUT_RESULT, analysis_id))
    return redirect("analysis:detail", analysis_id)


@require_POST
@allowed_if(can_request_analyses)
def retry(request: HttpRequest, analysis_id: UUID) -> HttpResponse:
    analysis = services.retry_analysis(actor=person(request), analysis=get_for(request.user, WITHOUT_RESULT, analysis_id))
    return redirect("analysis:detail", analysis.pk)


@require_GET
@never_cache
@transaction.atomic
def artefact(request: HttpRequest, analysis_id: UUID, kind: str) -> FileResponse:
    """A mask, an overlay or the raw heat map. Nothing is kept by the browser: the next person asks for themselves."""
    analysis = revealed_to(request.user, WITHOUT_RESULT, analysis_id)
    if kind in TELLING_OF_EARLIER:
        require_earlier_revealed(request.user, analysis)
    found = get_object_or_404(analysis.artefacts, kind=kind)
    _record_read(request.user, "artefact.read", analysis, kind=kind)
    return FileResponse(open_stored(found.file), content_type=MEDIA_TYPES.get(Kind(kind), "image/png"))


def _record_read(viewer: Viewer, action: str, analysis: Analysis, **detail: str) -> None:
    audit.record(actor=viewer, action=action, obj=analysis, patient=analysis.image.lesion.patient, detail=detail)


def _image_context(viewer: Viewer, image: Image) -> dict[str, Any]:
    lesion = image.lesion
    return {"image": image, "lesion": lesion, "patient": lesion.patient, "may_request": can_request_analyses(viewer)}


def _parts(image: Image) -> list[Part]:
    """Whatever of the image was asked about, the whole picture first."""
    parts = [part(analysis, image.width_px, image.height_px) for analysis in selectors.newest_of_each(image).values()]
    return sorted(parts, key=lambda one: one.region is not None)


def _addresses(analysis: Analysis) -> dict[str, str]:
    return {
        "id": str(analysis.pk),
        "status_url": reverse("analysis:status", args=[analysis.pk]),
        "page_url": reverse("analysis:detail", args=[analysis.pk]),
    }


def _status_document(analysis: Analysis) -> dict[str, Any]:
    progress = progress_of(analysis)
    error = {"code": analysis.failure_code, "message": analysis.failure_message} if analysis.status == Status.FAILED else None
    return _addresses(analysis) | {
        "status": analysis.status,
        "stage": analysis.stage,
        "stages_done": progress.done,
        "stages_total": progress.total,
        "timings_ms": analysis.timings_ms,
        "error": error,
    }
