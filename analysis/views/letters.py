"""Letters about a case, with what the machine made of its pictures."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from analysis.presentation.letter import findings_for
from patients import services
from patients.models import Case
from patients.permissions import allowed_if, can_write_letters, get_for
from patients.views import person


@require_GET
@allowed_if(can_write_letters)
@cache_control(private=True, no_store=True)
def letter(request: HttpRequest, case_id: UUID, kind: str, language: str = "") -> HttpResponse:
    """Opens in the browser; nothing is kept but the trace that it was written."""
    case = get_for(request.user, Case.objects.select_related("lesion"), case_id)
    machine = findings_for(person(request), case.lesion)
    name, pdf = services.write_letter(actor=person(request), case=case, kind=kind, language=language, machine=machine)
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})
