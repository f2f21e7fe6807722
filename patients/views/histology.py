"""What the pathologist found, entered when the letter comes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import HistologyForm
from patients.models import Case, Lesion, Viewer
from patients.models.cases import READ
from patients.views.pages import person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_record_histology)
def histology(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    """A correction is entered like a first finding: both are kept, the newest counts."""
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient"), lesion_id)
    form, case = HistologyForm(lesion, request.POST or None), _case_of(request.user, lesion)
    if saved(form, lambda: services.record_histology(actor=person(request), lesion=lesion, case=case, **form.cleaned_data)):
        messages.success(request, "The histology is on record.")
        return redirect(lesion)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    context = {"form": form, "lesion": lesion, "patient": lesion.patient, "known": selectors.histologies_of(request.user, lesion)}
    return render(request, "patients/histology.html", context, status=400 if form.errors else 200)


def _case_of(viewer: Viewer, lesion: Lesion) -> Case | None:
    """The newest case of the lesion that has been answered: whoever asked and answered is told."""
    return Case.objects.visible_to(viewer).filter(lesion=lesion, status__in=READ).order_by("-answered_at").first()
