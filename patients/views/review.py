"""The dermatologist's working page: the pictures, what is known, and the answer, from the first word to the signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from patients import audit, selectors, services
from patients import permissions as rules
from patients.forms import AnswerForm, DiscardForm, InformationForm, SecondOpinionForm
from patients.models import AnswerDraft, Case, CaseStatus, Certainty, Diagnosis, Management, RedFlag, RiskFactor, Symptom, User
from patients.views.cases import blindfold
from patients.views.pages import form_page, person, saved
from skinclinic.errors import ClinicError

MOVED_ON = (
    "There is nothing for you to sign here any more: it was signed in another window, or the case has moved on. Your text is kept below."
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rules.allowed_if(rules.can_review)
def review(request: HttpRequest, case_id: UUID, replace: bool = False) -> HttpResponse:
    """First the form, then exactly what will be signed, then the signature: three steps, the middle one to be read."""
    case, me = services.case_for(request.user, case_id), person(request)
    own = services.own_answer(me, case)
    is_open = services.part_of(me, case) is not None and (own is None or replace)
    if request.method != "POST":
        form = _opened(me, case, replace=replace) if is_open else None
        return _page(request, case, form=form, replaces=str(own.pk) if own else "", replace=replace)
    form, replaces = AnswerForm(case.lesion, request.POST), request.POST.get("replaces", "")
    if not is_open or replaces != (str(own.pk) if own else ""):
        form.add_error(None, MOVED_ON)
    elif request.POST.get("step") == "sign":
        sign = services.sign_second_opinion if services.part_of(me, case) == services.Part.SECOND else services.sign_answer
        if saved(form, lambda: sign(actor=me, case=case, opinion=form.opinion(), replaces=replaces)):
            messages.success(request, "Your answer is signed. The practice is told.")
            return redirect("patients:review", case.pk)
    else:
        services.save_draft(actor=me, case=case, fields=AnswerForm.typed(request.POST), replaces=replaces)
    signs = request.POST.get("step") != "change" and form.is_valid()
    return _page(request, case, form=form, replaces=replaces, replace=replace, signs=signs)


@require_POST
@rules.allowed_if(rules.can_review)
def draft(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """What has been typed so far: sent by the page itself every few seconds, and once more when somebody leaves it."""
    case = services.case_for(request.user, case_id)
    fields, replaces = AnswerForm.typed(request.POST), request.POST.get("replaces", "")
    services.save_draft(actor=person(request), case=case, fields=fields, replaces=replaces)
    return HttpResponse(status=204)


@require_POST
@rules.allowed_if(rules.can_review)
def take(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case = services.case_for(request.user, case_id)
    try:
        services.claim_case(actor=person(request), case=case)
    except ClinicError as refusal:
        if refusal.http_status == 403:
            raise
        messages.error(request, refusal.message)
    return redirect("patients:review", case.pk)


@require_POST
@rules.allowed_if(rules.can_review)
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case = services.case_for(request.user, case_id)
    services.release_case(actor=person(request), case=case)
    messages.success(request, "The case is back in the queue, at the place it had.")
    return redirect("patients:queue")


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def ask(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case, form = services.case_for(request.user, case_id), InformationForm(request.POST or None)
    act = lambda: services.ask_for_information(actor=person(request), case=case, **form.cleaned_data)  # noqa: E731
    return _act(request, case, form, act, title="Ask for information", button="Ask", done="The practice is asked.")


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def discard(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case, form = services.case_for(request.user, case_id), DiscardForm(request.POST or None)
    act = lambda: services.discard_case(actor=person(request), case=case, **form.cleaned_data)  # noqa: E731
    done = "The case is discarded. The practice reads your reason."
    return _act(request, case, form, act, title="Discard this case", button="Discard", done=done, then=reverse("patients:queue"))


@require_http_methods(["GET", "HEAD", "POST"])
@rules.allowed_if(rules.can_review)
def second_opinion(request: HttpRequest, case_id: UUID) -> HttpResponse:
    case = services.case_for(request.user, case_id)
    form = SecondOpinionForm(person(request), request.POST or None, readers=selectors.who_read_an_answer(case))

    def act() -> None:
        services.ask_second_opinion(actor=person(request), case=case, to=form.target(), text=form.cleaned_data["text"])

    done = "The second opinion is asked for. It is given without your answer being shown."
    return _act(request, case, form, act, title="Ask for a second opinion", button="Ask", done=done)


def _act(
    request: HttpRequest, case: Case, form: forms.Form, act: Callable[[], None], *, title: str, button: str, done: str, then: str = ""
) -> HttpResponse:
    """A page with one form and one service behind it."""

    def acted() -> bool:
        act()
        return True

    back = reverse("patients:review", args=[case.pk])
    if saved(form, acted):
        messages.success(request, done)
        return redirect(then or back)
    audit.record(actor=request.user, action="case.read", obj=case)
    return form_page(request, form, title=title, button=button, back=back, patient=case.lesion.patient)


def _opened(me: User, case: Case, *, replace: bool) -> AnswerForm:
    """With what was typed last time; of an answer that is to be replaced, with that."""
    draft, own = AnswerDraft.objects.filter(case=case, by=me).first(), services.own_answer(me, case)
    initial = draft.fields if draft else AnswerForm.initial_of(own) if own and replace else {}
    form = AnswerForm(case.lesion, initial=initial)
    form.draft_saved_at = draft.saved_at if draft else None
    return form


def _page(
    request: HttpRequest, case: Case, *, form: AnswerForm | None, replaces: str, replace: bool = False, signs: bool = False
) -> HttpResponse:
    me, patient = person(request), case.lesion.patient
    services.mark_read_for(viewer=me, case=case)
    answers = list(selectors.answers_for(me, case))
    audit.record(actor=me, action="case.read", obj=case, detail={"answers": bool(answers)})
    context = {
        "case": case,
        "lesion": case.lesion,
        "patient": patient,
        "pictures": selectors.pictures_for_review(case.lesion),
        "facts": _facts(case),
        "events": selectors.events_for(me, case),
        "answers": answers,
        "histologies": selectors.histologies_for(me, case),
        "own": services.own_answer(me, case),
        "is_mine": case.claimed_by_id == me.pk,
        **blindfold(me, case),
        "may_take": case.status == CaseStatus.WAITING and services.is_first_reader(me, case),
        "form": form,
        "replaces": replaces,
        "replace": replace,
        "blocks": me.text_blocks.all() if form else [],
        "signing": _to_be_signed(form) if form and signs else None,
    }
    refused = form is not None and form.is_bound and not form.is_valid()
    return render(request, "patients/review.html", context, status=400 if refused else 200)


def _facts(case: Case) -> dict[str, Any]:
    """What is coded, in words."""
    newest = case.lesion.checklists.first()
    return {
        "risk_factors": [RiskFactor(key).label for key in case.lesion.patient.risk_factors],
        "symptoms": [Symptom(key).label for key in case.lesion.symptoms],
        "red_flags": [RedFlag(key).label for key in case.red_flags],
        "checklist": newest.score if newest else case.checklist_score,
    }


def _to_be_signed(form: AnswerForm) -> dict[str, Any]:
    """Row by row what stands above the signature, and the same for the form that signs it."""
    said = form.opinion()
    suggested = form.suggested.get(said.diagnosis)
    title = f" {suggested.title}" if suggested and suggested.code == said.icd10 else ""
    months = f" in {said.follow_up_months} months" if said.follow_up_months else ""
    rows = {
        "Diagnosis": said.other_diagnosis or Diagnosis(said.diagnosis).label,
        "ICD-10": f"{said.icd10}{title}",
        "Certainty": Certainty(said.certainty).label,
        "Management": f"{Management(said.management).label}{months}",
        "Text": said.text or "No text",
    }
    hidden = {name: "" if value is None else value for name, value in vars(said).items()}
    return {"rows": rows, "hidden": hidden}
