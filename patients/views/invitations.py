"""Inviting people, and the page behind the link they get."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import permissions as rules
from patients import selectors, services
from patients.forms import AcceptanceForm, InvitationForm
from patients.models import Invitation
from patients.views.administration import FORM_METHODS
from patients.views.pages import form_page, person, saved


@require_safe
@rules.allowed_if(rules.can_manage_accounts)
def invitations(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/administration/invitations.html", {"invitations": selectors.invitations()})


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    made = saved(form, lambda: services.invite(actor=person(request), **form.cleaned_data))
    if made is not None:
        return _handed_over(request, *made)
    return form_page(request, form, title="Invite somebody", button="Invite", back=reverse("patients:invitations"))


@require_POST
@rules.allowed_if(rules.can_manage_accounts)
def renew(request: HttpRequest, invitation_id: str) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    return _handed_over(request, *services.renew_invitation(actor=person(request), invitation=invitation))


@require_POST
@rules.allowed_if(rules.can_manage_accounts)
def revoke(request: HttpRequest, invitation_id: str) -> HttpResponse:
    services.revoke_invitation(actor=person(request), invitation=get_object_or_404(Invitation, pk=invitation_id))
    messages.success(request, "The invitation is taken back; its link no longer works.")
    return redirect("patients:invitations")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(FORM_METHODS)
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    too_often: HttpResponse | None = ratelimit.consume_or_429(request, app="allauth.account", action="invitation", limit_get=True)
    if too_often is not None:
        return too_often
    invitation = services.find_invitation(secret)
    form = AcceptanceForm(request.POST or None)
    made = saved(form, lambda: services.accept_invitation(secret=secret, **form.choice()))
    if made is not None:
        messages.success(request, "Your account is ready. Log in with the user name and password you chose.")
        return redirect("account_login")
    context = {"form": form, "invitation": invitation}
    return render(request, "patients/invitation.html", context, status=400 if form.errors else 200)


def _handed_over(request: HttpRequest, invitation: Invitation, secret: str) -> HttpResponse:
    """By e-mail; where that does not work the link is shown this once."""
    link = request.build_absolute_uri(reverse("patients:invitation-accept", args=[secret]))
    if services.mail_invitation(invitation=invitation, link=link):
        messages.success(request, f"An e-mail with the link went to {invitation.email}. It is good for seven days.")
        return redirect("patients:invitations")
    title, back = f"Invitation of {invitation.display_name}", reverse("patients:invitations")
    return render(request, "patients/administration/link.html", {"title": title, "link": link, "days": 7, "back": back})
