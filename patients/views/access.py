"""Opening a record with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from patients import permissions as rules
from patients import services
from patients.forms import BreakGlassForm
from patients.views.pages import form_page, person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_break_glass)
def break_glass(request: HttpRequest) -> HttpResponse:
    form = BreakGlassForm(request.POST or None)
    opened = saved(form, lambda: services.break_glass(actor=person(request), **form.cleaned_data))
    if opened is not None:
        messages.warning(request, "The record is open to you for a short time. Everything you open is recorded.")
        return redirect(opened.patient)
    return form_page(request, form, title="Open a record with a reason", button="Open the record", back=reverse("home"))
