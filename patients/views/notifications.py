"""What somebody is told, and how they want to be told. About themselves alone: no patient data, hence no audit row for reading."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import permissions as rules
from patients import selectors, services
from patients.forms import PreferencesForm
from patients.models import Notification
from patients.views.pages import person


@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    page = selectors.notifications_of(request.user, request.GET.get("page"))
    return render(request, "patients/notifications.html", {"page": page})


@require_POST
def notification_read(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    notification = rules.get_for(request.user, Notification.objects.all(), notification_id)
    services.mark_read(actor=person(request), notification=notification)
    return redirect("patients:notifications")


@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    services.mark_all_read(actor=person(request))
    return redirect("patients:notifications")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    actor = person(request)
    wanted = [kind for kind in Notification.Kind.values if kind not in actor.mails_off]
    form = PreferencesForm(request.POST or None, initial={"language": actor.language, "mails": wanted})
    if form.is_valid():
        services.change_preferences(actor=actor, **form.cleaned_data)
        messages.success(request, "Your choice is saved.")
        return redirect("patients:preferences")
    context = {"form": form, "address": actor.email, "back": reverse("patients:notifications")}
    return render(request, "patients/preferences.html", context, status=400 if form.errors else 200)
