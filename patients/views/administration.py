"""Accounts, practices, pools and second factors: the pages of administrators. Nothing clinical."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import permissions as rules
from patients import selectors, services
from patients.forms import PeopleFilterForm, PersonForm, PolicyForm, PoolForm, PracticeForm
from patients.models import Pool, Practice, User
from patients.views.asking import ACTS, asking_page, is_asked_first
from patients.views.pages import form_page, person, saved

PEOPLE_PER_PAGE = 50
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
@rules.allowed_if(rules.can_manage_accounts)
def people(request: HttpRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    found = selectors.people(**form.cleaned_data) if form.is_valid() else selectors.people()
    page = Paginator(found, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(request, "patients/administration/people.html", {"form": form, "page": page, "kept": kept.urlencode()})


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def person_detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    shown = get_object_or_404(User.objects.select_related("practice"), public_id=user_id)
    form = PersonForm(request.POST or None, person=shown, is_oneself=shown == request.user)
    if is_asked_first(request, form) and form.leaves_dermatology and (follows := selectors.of_leaving_dermatology(shown)):
        title, button = f"Another role for {shown}?", "Change the role"
        return asking_page(request, title=title, button=button, back=reverse("patients:person", args=[user_id]), follows=follows)
    if saved(form, lambda: services.change_person(actor=person(request), person=shown, **form.cleaned_data)) is not None:
        messages.success(request, f"Saved: {form.cleaned_data['display_name']}.")
        return redirect("patients:person", user_id)
    context = {"shown": shown, "form": form, "safety": selectors.safety_of(shown), "is_oneself": shown == request.user}
    return render(request, "patients/administration/person.html", context, status=400 if form.errors else 200)


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def person_act(request: HttpRequest, user_id: UUID, act: str) -> HttpResponse:
    """What follows, and the button that does it."""
    shown = get_object_or_404(User.objects.select_related("practice"), public_id=user_id)
    wanted, back = ACTS[act], reverse("patients:person", args=[user_id])
    if request.method == "POST":
        wanted.service(actor=person(request), person=shown)
        messages.success(request, wanted.done)
        return redirect(back)
    if shown == request.user or not wanted.is_possible(shown):
        return redirect(back)
    return asking_page(request, title=wanted.title.format(shown), button=wanted.button, back=back, follows=wanted.follows(shown))


@require_POST
@rules.allowed_if(rules.can_manage_accounts)
def password_link(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Shown once, to be handed over in person."""
    shown = get_object_or_404(User, public_id=user_id)
    uid, key = services.password_link_key(actor=person(request), person=shown)
    link = request.build_absolute_uri(reverse("account_reset_password_from_key", args=[uid, key]))
    context = {"title": f"New password for {shown}", "link": link, "days": 1, "back": reverse("patients:person", args=[user_id])}
    return render(request, "patients/administration/link.html", context)


@require_safe
@rules.allowed_if(rules.can_manage_accounts)
def practices(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/administration/practices.html", {"practices": selectors.practices()})


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def practice_new(request: HttpRequest) -> HttpResponse:
    return _practice_page(request, None, title="New practice", button="Add practice")


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def practice_edit(request: HttpRequest, practice_id: UUID) -> HttpResponse:
    practice = get_object_or_404(Practice, public_id=practice_id)
    return _practice_page(request, practice, title=practice.name, button="Save")


@require_safe
@rules.allowed_if(rules.can_manage_accounts)
def pools(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/administration/pools.html", {"pools": selectors.pools()})


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def pool_new(request: HttpRequest) -> HttpResponse:
    return _pool_page(request, None, title="New pool", button="Add pool")


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def pool_edit(request: HttpRequest, pool_id: UUID) -> HttpResponse:
    pool = get_object_or_404(Pool, public_id=pool_id)
    return _pool_page(request, pool, title=pool.name, button="Save")


@require_http_methods(FORM_METHODS)
@rules.allowed_if(rules.can_manage_accounts)
def policies(request: HttpRequest) -> HttpResponse:
    form = PolicyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.require_second_factor(actor=person(request), roles=form.cleaned_data["roles"])
        messages.success(request, "Saved. It holds from everybody's next page.")
        return redirect("home")
    return form_page(request, form, title="Second factor", button="Save", back=reverse("home"))


def _practice_page(request: HttpRequest, practice: Practice | None, *, title: str, button: str) -> HttpResponse:
    form, back = PracticeForm(request.POST or None, instance=practice), reverse("patients:practices")
    if practice is not None and is_asked_first(request, form) and form.closes:
        follows = selectors.of_closing(practice)
        return asking_page(request, title=f"Close {practice}?", button="Close the practice", back=back, follows=follows)
    kept = saved(form, lambda: services.save_practice(actor=person(request), practice=practice, **form.cleaned_data))
    if kept is not None:
        messages.success(request, f"Saved: {kept}.")
        return redirect("patients:practices")
    return form_page(request, form, title=title, button=button, back=back)


def _pool_page(request: HttpRequest, pool: Pool | None, *, title: str, button: str) -> HttpResponse:
    form, back = PoolForm(request.POST or None, pool=pool), reverse("patients:pools")
    if pool is not None and is_asked_first(request, form) and (follows := selectors.of_leaving_pool(pool, form.cleaned_data["members"])):
        return asking_page(request, title=f"Change {pool}?", button="Change the pool", back=back, follows=follows)
    kept = saved(form, lambda: services.save_pool(actor=person(request), pool=pool, **form.cleaned_data))
    if kept is not None:
        messages.success(request, f"Saved: {kept}.")
        return redirect("patients:pools")
    return form_page(request, form, title=title, button=button, back=back)
