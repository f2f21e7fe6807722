"""A case, read by everybody it concerns, and what the practice does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import CaseListForm, ReaddressForm, ReplyForm, WithdrawForm
from patients.models import Answer, Case, CaseStatus, RedFlag, User
from patients.models.cases import READ, SENT
from patients.views.pages import person, saved


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_refer)
def case_list(request: HttpRequest) -> HttpResponse:
    """All cases of a practice; choosing a state and turning pages are POST requests."""
    form = CaseListForm(request.POST or None)
    status, after = form.wanted()
    cases, next_after = selectors.cases_of(request.user, status=status, after=after)
    audit.record(actor=request.user, action="case.list", obj=person(request), detail={"patients": selectors.patients_of(cases)})
    return render(request, "patients/case_list.html", {"form": form, "cases": cases, "status": status, "next_after": next_after})


@require_safe
@rules.allowed_if(rules.can_open_records)
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    found = services.case_for(request.user, case_id)
    return _page(request, found)


@require_POST
@rules.allowed_if(rules.can_refer)
def reply(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _act(
        request,
        case_id,
        ReplyForm(request.POST),
        lambda case, form: services.reply_to_question(actor=person(request), case=case, text=form.cleaned_data["text"]),
        "Your reply is sent. The clock runs again for the dermatologist.",
    )


@require_POST
@rules.allowed_if(rules.can_refer)
def withdraw(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _act(
        request,
        case_id,
        WithdrawForm(request.POST),
        lambda case, form: services.discard_case(actor=person(request), case=case, reason=form.cleaned_data["reason"]),
        "The case is withdrawn.",
    )


@require_POST
@rules.allowed_if(rules.can_refer)
def readdress(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _act(
        request,
        case_id,
        ReaddressForm(request.POST),
        lambda case, form: services.readdress_case(actor=person(request), case=case, to=form.target()),
        "The case is addressed anew. It keeps its place in the queue.",
    )


@require_POST
@rules.allowed_if(rules.can_refer)
def close(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _act(
        request,
        case_id,
        forms.Form(request.POST),
        lambda case, _: services.close_case(actor=person(request), case=case),
        "The case is closed.",
    )


@require_POST
@rules.allowed_if(rules.can_refer)
def end_second_opinion(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _act(
        request,
        case_id,
        forms.Form(request.POST),
        lambda case, _: services.withdraw_second_opinion(actor=person(request), case=case),
        "The second opinion is not waited for any more.",
    )


def _act(request: HttpRequest, case_id: UUID, form: Any, act: Callable[[Case, Any], None], done: str) -> HttpResponse:
    """Back to the case, or the case with what was typed and the reason why it was refused."""
    found = services.case_for(request.user, case_id)

    def save() -> bool:
        act(found, form)
        return True

    if saved(form, save):
        messages.success(request, done)
        return redirect(found)
    return _page(request, services.case_for(request.user, case_id), form)


def _page(request: HttpRequest, found: Case, refused: forms.BaseForm | None = None) -> HttpResponse:
    viewer = person(request)
    services.mark_read_for(viewer=viewer, case=found)
    answers = sorted(selectors.answers_for(viewer, found), key=_newest_of_its_kind_first)
    audit.record(actor=viewer, action="case.read", obj=found, detail={"answers": bool(answers)})
    context: dict[str, Any] = {
        "case": found,
        "flags": [RedFlag(flag).label for flag in found.red_flags],
        "events": selectors.events_for(viewer, found),
        "images": found.lesion.images.all(),
        "answers": answers,
        "histologies": selectors.histologies_for(viewer, found),
        **blindfold(viewer, found),
        "can_record_histology": found.status in READ and rules.can_record_histology(viewer),
        "has_letters": found.status in SENT and rules.can_write_letters(viewer),
        "is_preliminary": found.status not in READ,
        **_forms(found, refused, asks=rules.can_refer(viewer)),
    }
    context["refused"] = None if refused in context.values() else refused  # its place is gone: what was typed stands at the top
    return render(request, "patients/case.html", context, status=400 if refused is not None else 200)


def blindfold(viewer: User, case: Case) -> dict[str, bool]:
    """Whether the answer is kept from this person, and whether that comes too late: they read it before they were asked."""
    is_blinded = selectors.is_blinded(viewer, case)
    return {"is_blinded": is_blinded, "has_read_before": is_blinded and viewer.pk in selectors.who_read_an_answer(case)}


def _newest_of_its_kind_first(answer: Answer) -> tuple[bool, float]:
    return answer.is_second, -answer.signed_at.timestamp()


def _forms(found: Case, refused: forms.BaseForm | None, *, asks: bool) -> dict[str, Any]:
    """What this person can do next; a form that was refused stands in its own place."""
    if not asks:
        return {}
    offers: dict[str, tuple[type[forms.Form], bool]] = {
        "reply_form": (ReplyForm, found.status == CaseStatus.INFO_ASKED),
        "readdress_form": (ReaddressForm, found.status == CaseStatus.WAITING),
        "withdraw_form": (WithdrawForm, found.status in {CaseStatus.WAITING, CaseStatus.INFO_ASKED}),
    }
    shown = {name: refused if type(refused) is kind else kind() for name, (kind, offered) in offers.items() if offered}
    return shown | {
        "can_close": found.status == CaseStatus.ANSWERED,
        "can_end_second": found.status == CaseStatus.SECOND_OPINION,
        "can_add_images": True,
    }
