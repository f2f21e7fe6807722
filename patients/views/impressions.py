"""One's own impression of a picture, before the machine's answer is shown (where the practice asks for it)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from patients import audit, services
from patients import permissions as rules
from patients.forms import ImpressionForm
from patients.models import Image
from patients.views.pages import person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rules.allowed_if(rules.can_give_impression)
def impression(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = rules.get_for(request.user, Image.objects.select_related("lesion__patient__practice"), image_id)
    onward = _onward(request, image)
    if not services.must_give_impression(person(request), image):
        return redirect(onward)
    form = ImpressionForm(request.POST or None)
    if saved(form, lambda: services.record_impression(actor=person(request), image=image, **form.cleaned_data)):
        return redirect(onward)
    audit.record(actor=request.user, action="lesion.read", obj=image.lesion)
    context = {"form": form, "image": image, "lesion": image.lesion, "patient": image.lesion.patient, "onward": onward}
    return render(request, "patients/impression.html", context, status=400 if form.errors else 200)


def _onward(request: HttpRequest, image: Image) -> str:
    """Where somebody wanted to go when they were asked, on this site alone; else the picture's newest result."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if is_ours else reverse("analysis:latest", args=[image.pk])
