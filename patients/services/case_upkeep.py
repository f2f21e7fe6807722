"""What happens to cases that nobody is working at: alerts of pictures, times that run out, people who leave."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from patients import permissions as rules
from patients import queue
from patients.models import Case, CaseStatus, EventKind, Image, Lesion, Pool, Role, User
from patients.models.cases import UNANSWERED
from patients.services.cases import CASES, Told, tell, trace
from patients.services.notifications import askers, members, notify


def raise_alert(*, image: Image, alert: float) -> None:
    """Whoever analyses pictures says here how likely malignancy is, 0 to 1. Alerts only rise, and so do the cases they belong to."""
    with transaction.atomic():
        Lesion.objects.select_for_update(no_key=True).get(pk=image.lesion_id)  # a case that is being sent right now must hear of it
        if not Image.objects.filter(pk=image.pk).exclude(alert__gte=alert).update(alert=alert):
            return
        for case in Case.objects.select_for_update(no_key=True).filter(lesion=image.lesion_id, status__in=UNANSWERED):
            if case.alert is None or case.alert < alert:
                facts = queue.Facts(case.due_at or timezone.now(), tuple(case.red_flags), case.checklist_score, alert)
                Case.objects.filter(pk=case.pk).update(alert=alert, stands_at=queue.stands_at(facts))


def mark_breaches(now: datetime | None = None) -> int:
    """Finds what is overdue, marks it once and tells those who can do something about it. Returns how many were new."""
    now = now or timezone.now()
    overdue = CASES.filter(status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED], due_at__lt=now, breached_at__isnull=True)
    return sum(_mark_breach(case, now) for case in overdue)


def _mark_breach(case: Case, now: datetime) -> bool:
    with transaction.atomic():
        unmarked = Case.objects.filter(pk=case.pk, status=case.status, due_at__lt=now, breached_at__isnull=True)
        if not unmarked.update(breached_at=now):
            return False
        notify([*members(case.claimed_by or case.target), *askers(case)], Told.BREACH, case)
        return True


def give_back_cases_of(*, actor: User, user: User, pool: Pool | None = None) -> int:
    """For somebody who leaves, or has left one pool: what they took and did not answer goes back to its place in the queue, and second
    opinions that nobody can give any more are not waited for. Returns how many cases moved.

    The caller holds the account (`holding`), so they take nothing meanwhile. Where they wait for information, the case goes back into the
    queue when the practice replies (`reply_to_question`).
    """
    rules.require(rules.can_manage_accounts(actor))
    taken = Q(claimed_by=user, status=CaseStatus.CLAIMED) & (Q(to_pool=pool) if pool else Q())
    second = Q(_nobody_to_ask() if pool else _nobody_to_ask() | Q(second_to_user=user), status=CaseStatus.SECOND_OPINION)
    with transaction.atomic():
        given_back = [_give_back(actor, case) for case in _locked(taken)]
        return sum(given_back) + sum(_stop_waiting(actor, case) for case in _locked(second))


def _nobody_to_ask() -> Q:
    """A pool in which nobody is left but whoever answered first."""
    readers = User.objects.filter(pools=OuterRef("second_to_pool"), is_active=True, role=Role.DERMATOLOGIST)
    return Q(~Exists(readers.exclude(pk=OuterRef("claimed_by"))), second_to_pool__isnull=False)


def _locked(wanted: Q) -> list[Case]:
    """In the order of their keys, as everywhere, and read when nobody can change them any more."""
    keys = list(Case.objects.select_for_update(no_key=True).filter(wanted).order_by("pk").values_list("pk", flat=True))
    return list(CASES.select_related("second_to_user", "second_to_pool").filter(pk__in=keys))


def _give_back(actor: User, case: Case) -> bool:
    moved = Case.objects.move(case.pk, CaseStatus.CLAIMED, CaseStatus.WAITING, claimed_by=None, claimed_at=None)
    if moved:
        tell(case, EventKind.RELEASED, actor, f"{case.claimed_by} no longer answers this case.", members(case.to_pool), Told.CASE_SENT)
        trace(actor, "case.release", case)
    return moved


def _stop_waiting(actor: User, case: Case) -> bool:
    moved = Case.objects.move(case.pk, CaseStatus.SECOND_OPINION, CaseStatus.ANSWERED, second_to_user=None, second_to_pool=None)
    if moved:
        tell(case, EventKind.SECOND_WITHDRAWN, actor, f"{case.second_target} no longer answers.")
        trace(actor, "case.second-opinion-withdraw", case)
    return moved
