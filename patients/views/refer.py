"""The practice asks: a referral is written, kept as a draft, sent or thrown away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from patients import audit, services
from patients import permissions as rules
from patients.forms import ReferralForm
from patients.forms.cases import key_of
from patients.models import Case, CaseStatus, Checklist, Lesion, Purpose, Urgency
from patients.red_flags import suggested_flags
from patients.views.pages import person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_refer)
def refer(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient__practice"), lesion_id)
    checklist = lesion.checklists.first()
    form = ReferralForm(request.POST or None, initial=_first_values(lesion, checklist), has_consent=_has_consent(lesion))
    case = saved(form, lambda: _make(request, form, lesion))
    if case is not None:
        return _told(request, case)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    return _page(request, form, lesion, checklist)


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_refer)
def edit(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A draft, until it is sent; afterwards the address leads to the case."""
    case = services.case_for(request.user, case_id)
    if case.status != CaseStatus.DRAFT:
        return redirect(case)
    form = ReferralForm(request.POST or None, initial=_values_of(case), has_consent=_has_consent(case.lesion))
    if saved(form, lambda: _change(request, form, case)):
        return _told(request, case)
    audit.record(actor=request.user, action="case.read", obj=case)
    return _page(request, form, case.lesion, case.lesion.checklists.first(), draft=case)


@require_POST
@rules.allowed_if(rules.can_refer)
def discard_draft(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case = services.case_for(request.user, case_id)
    services.discard_draft(actor=person(request), case=case)
    messages.success(request, "The draft is thrown away.")
    return redirect(case.lesion)


def _wants_draft(request: HttpRequest) -> bool:
    return request.POST.get("act") == "draft"


def _make(request: HttpRequest, form: ReferralForm, lesion: Lesion) -> Case:
    asked = {"actor": person(request), "lesion": lesion, "to": form.target(), **form.question_fields()}
    if _wants_draft(request):
        return services.draft_case(**asked)
    return services.refer_lesion(**asked, agrees_today=form.agrees())


def _change(request: HttpRequest, form: ReferralForm, case: Case) -> bool:
    """Saved first: a sending that is refused does not lose what was written."""
    services.change_draft(actor=person(request), case=case, to=form.target(), **form.question_fields())
    if not _wants_draft(request):
        services.send_case(actor=person(request), case=case, agrees_today=form.agrees())
    case.refresh_from_db()
    return True


def _told(request: HttpRequest, case: Case) -> HttpResponse:
    if case.status == CaseStatus.DRAFT:
        messages.success(request, "The draft is kept. It is seen by your practice alone until you send it.")
        return redirect("patients:case-edit", case.pk)
    messages.success(request, f"The lesion is referred to {case.target}.")
    return redirect(case)


def _page(
    request: HttpRequest, form: ReferralForm, lesion: Lesion, checklist: Checklist | None, *, draft: Case | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "lesion": lesion,
        "draft": draft,
        "open_case": None if draft else lesion.cases.open().select_related("to_user", "to_pool").first(),
        "checklist": checklist,
        "urgent_from": Checklist.URGENT_FROM,
        "suggested": [] if draft else [(flag.label, reason) for flag, reason in suggested_flags(lesion).items()],
        "has_image": lesion.images.exists(),
    }
    return render(request, "patients/case_refer.html", context, status=400 if form.errors else 200)


def _has_consent(lesion: Lesion) -> bool:
    return services.has_consented(lesion.patient, Purpose.TELECONSULTATION)


def _first_values(lesion: Lesion, checklist: Checklist | None) -> dict[str, Any]:
    urgency = Urgency.URGENT if checklist and checklist.is_urgent else Urgency.ROUTINE
    return {"red_flags": [flag.value for flag in suggested_flags(lesion)], "urgency": urgency}


def _values_of(case: Case) -> dict[str, Any]:
    return {"target_key": key_of(case.target), "urgency": case.urgency, "red_flags": case.red_flags, "question": case.question}
