"""Cases: asked, taken, answered."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from patients import audit, services
from patients import permissions as rules
from patients.forms import ReferralForm
from patients.models import Lesion
from patients.views.pages import form_page, person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_refer)
def refer(request: HttpRequest, lesion_id: UUID) -> HttpResponse:
    lesion = rules.get_for(request.user, Lesion.objects.select_related("patient"), lesion_id)
    form = ReferralForm(request.POST or None)
    case = saved(
        form,
        lambda: services.refer_lesion(
            actor=person(request),
            lesion=lesion,
            to=form.target(),
            question=form.cleaned_data["question"],
            urgency=form.cleaned_data["urgency"],
            red_flags=form.cleaned_data["red_flags"],
        ),
    )
    if case is not None:
        messages.success(request, f"The lesion is referred to {case.target}.")
        return redirect(lesion)
    audit.record(actor=request.user, action="lesion.read", obj=lesion)
    return form_page(request, form, title="Refer lesion", button="Refer", back=lesion.get_absolute_url(), patient=lesion.patient)
