"""Pages and files of explanations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analysis import services
from analysis.active_models import is_outdated
from analysis.forms import QuestionForm
from analysis.models import Analysis, Explanation, Status
from analysis.permissions import can_request_analyses
from analysis.presentation import explanation as shown
from analysis.views.gate import leads_to_impression, revealed_to
from patients import audit
from patients.files import open_stored
from patients.models import Viewer
from patients.permissions import allowed_if, get_for, require
from patients.views import person

ANALYSES = Analysis.objects.select_related("image__lesion__patient__practice")
EXPLANATIONS = Explanation.objects.select_related("analysis__image__lesion__patient__practice", "requested_by")
WITHOUT_RESULT = EXPLANATIONS.defer("result", "analysis__result")


@require_http_methods(["GET", "POST"])
@never_cache
@leads_to_impression
@transaction.atomic
def ask(request: HttpRequest, analysis_id: UUID) -> HttpResponse:
    """The newest explanation of an analysis, or a form that asks for the first; and what the form asks for."""
    analysis = revealed_to(request.user, ANALYSES, analysis_id)
    if request.method == "POST":
        require(can_request_analyses(request.user))
        form = QuestionForm(request.POST)
        if form.is_valid():
            asked = services.request_explanation(actor=person(request), analysis=analysis, question=form.cleaned_data)
            return redirect("analysis:explanation", asked.pk)
    elif newest := analysis.explanations.order_by("-queued_at").only("pk").first():
        return redirect("analysis:explanation", newest.pk)
    else:
        form = QuestionForm(initial={"label": shown.first_diagnosis(analysis)})
    _record_read(request.user, "analysis.read", analysis)
    status = 422 if form.is_bound else 200
    return render(request, "analysis/explanation.html", _context(request.user, analysis) | {"form": form}, status=status)


@require_GET
@never_cache
@leads_to_impression
@transaction.atomic
def detail(request: HttpRequest, explanation_id: UUID) -> HttpResponse:
    """Progress while it runs, then what each method found."""
    explanation = revealed_to(request.user, EXPLANATIONS, explanation_id)
    _record_read(request.user, "explanation.read", explanation)
    context = _context(request.user, explanation.analysis) | {
        "explanation": explanation,
        "progress": shown.progress_of(explanation),
        "form": QuestionForm(instance=explanation),
    }
    if explanation.status == Status.SUCCEEDED:
        context["account"] = shown.Account(explanation)
    return render(request, "analysis/explanation.html", context)


@require_GET
@never_cache
def status(request: HttpRequest, explanation_id: UUID) -> HttpResponse:
    """How far it is; nothing new is answered with 204."""
    explanation = get_for(request.user, WITHOUT_RESULT, explanation_id)
    if not explanation.is_live:
        return HttpResponse(headers={"HX-Refresh": "true"})
    progress = shown.progress_of(explanation)
    if request.GET.get("seen") == progress.token:
        return HttpResponse(status=204)
    return render(request, "analysis/_explanation_progress.html", {"explanation": explanation, "progress": progress})


@require_POST
@allowed_if(can_request_analyses)
def cancel(request: HttpRequest, explanation_id: UUID) -> HttpResponse:
    services.cancel_explanation(actor=person(request), explanation=get_for(request.user, WITHOUT_RESULT, explanation_id))
    return redirect("analysis:explanation", explanation_id)


@require_GET
@never_cache
@transaction.atomic
def file(request: HttpRequest, explanation_id: UUID, kind: str) -> FileResponse:
    """A method's map as a picture, or its raw values."""
    explanation = revealed_to(request.user, WITHOUT_RESULT, explanation_id)
    found = get_object_or_404(explanation.files, kind=kind)
    _record_read(request.user, "explanation-file.read", explanation, kind=kind)
    return FileResponse(open_stored(found.file), content_type=shown.media_type(kind))


def _context(viewer: Viewer, analysis: Analysis) -> dict[str, Any]:
    image = analysis.image
    return {
        "analysis": analysis,
        "image": image,
        "lesion": image.lesion,
        "patient": image.lesion.patient,
        "is_outdated": is_outdated(analysis),
        "may_cancel": can_request_analyses(viewer),
        "may_request": can_request_analyses(viewer) and analysis.status == Status.SUCCEEDED and not is_outdated(analysis),
        "asked_before": shown.asked_before(analysis),
    }


def _record_read(viewer: Viewer, action: str, read: Analysis | Explanation, **detail: str) -> None:
    image = read.image if isinstance(read, Analysis) else read.analysis.image
    audit.record(actor=viewer, action=action, obj=read, patient=image.lesion.patient, detail=detail)
