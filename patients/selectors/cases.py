"""Cases in their queue and on people's desks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case as If
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from patients import standing
from patients.models import Case, CaseStatus, Image, Role, User, Viewer
from patients.selectors.records import latest_image

CASES_PER_PAGE = 25
CASES_PER_SECTION = 5
RELATED = ("lesion__patient__practice", "by__practice", "to_user", "to_pool", "claimed_by")


@dataclass(frozen=True)
class Row:
    """A case in the queue, and why it stands there."""

    case: Case
    why: str


@dataclass(frozen=True)
class QueuePage:
    rows: list[Row]
    total: int
    after: UUID | None
    """Where the next page begins; None on the last."""


@dataclass(frozen=True)
class Section:
    """Cases that wait for the same act, the first few of them."""

    key: str
    cases: list[Case]
    total: int


def queue_page(viewer: User, *, addressed: str = "", urgency: str = "", after: UUID | None = None) -> QueuePage:
    """One page of what waits for this dermatologist. `addressed`: "me", the key of a pool, or everything; `after`: the last case seen."""
    waiting = Case.objects.queue_of(viewer)
    if addressed:
        waiting = waiting.filter(to_user=viewer) if addressed == "me" else waiting.filter(to_pool__public_id=addressed)
    if urgency:
        waiting = waiting.filter(urgency=urgency)
    keys = list(_from(waiting.in_order(), after).values_list("pk", flat=True)[: CASES_PER_PAGE + 1])
    shown = keys[:CASES_PER_PAGE]
    return QueuePage(_rows(viewer, shown), waiting.count(), shown[-1] if len(keys) > len(shown) else None)


def new_in_queue(viewer: Viewer, since: datetime) -> int:
    return Case.objects.queue_of(viewer).filter(sent_at__gt=since).count()


def waiting_for(viewer: Viewer) -> list[Row]:
    """The front of the queue."""
    keys = Case.objects.queue_of(viewer).in_order().values_list("pk", flat=True)[:CASES_PER_SECTION]
    return _rows(viewer, list(keys))


def desk_of_practice(viewer: Viewer) -> list[Section]:
    """What a practice has to do next: reply, read, choose somebody else, send, ask after what is late."""
    late = Q(status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED], due_at__lt=timezone.now())
    gone = Q(status=CaseStatus.WAITING, to_user__isnull=False) & ~Q(to_user__is_active=True, to_user__role=Role.DERMATOLOGIST)
    acts = {
        "asked": Q(status=CaseStatus.INFO_ASKED),
        "answered": Q(status=CaseStatus.ANSWERED),
        "stranded": gone,
        "drafts": Q(status=CaseStatus.DRAFT),
        "overdue": late,
    }
    states = [CaseStatus.INFO_ASKED, CaseStatus.ANSWERED, CaseStatus.WAITING, CaseStatus.CLAIMED, CaseStatus.DRAFT]
    return _sections(Case.objects.visible_to(viewer).filter(status__in=states), acts)


def desk_of_dermatologist(viewer: User) -> list[Section]:
    """What this dermatologist has taken or is asked for, and what is late in their queue."""
    asked = Q(second_to_user=viewer) | Q(second_to_pool__in=list(viewer.pools.values_list("pk", flat=True)))
    acts = {
        "claimed": Q(status=CaseStatus.CLAIMED, claimed_by=viewer),
        "second": Q(asked, status=CaseStatus.SECOND_OPINION) & ~Q(claimed_by=viewer),
        "overdue": Q(status=CaseStatus.WAITING, due_at__lt=timezone.now()),
        "asked": Q(status=CaseStatus.INFO_ASKED, claimed_by=viewer),
    }
    states = [CaseStatus.CLAIMED, CaseStatus.SECOND_OPINION, CaseStatus.WAITING, CaseStatus.INFO_ASKED]
    return _sections(Case.objects.addressed_to(viewer).filter(status__in=states), acts)


def cases_of(viewer: Viewer, *, status: str = "", after: UUID | None = None) -> tuple[list[Case], UUID | None]:
    """A practice's cases, the newest first, and where the next page begins."""
    found = Case.objects.visible_to(viewer)
    found = found.filter(status=status) if status else found
    if (last := Case.objects.visible_to(viewer).filter(pk=after).first() if after else None) is not None:
        found = found.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk))
    keys = list(found.order_by("-created_at", "id").values_list("pk", flat=True)[: CASES_PER_PAGE + 1])
    shown = keys[:CASES_PER_PAGE]
    return _in_this_order(shown, Case.objects.all()), shown[-1] if len(keys) > len(shown) else None


def _sections(cases: QuerySet[Case], acts: dict[str, Q]) -> list[Section]:
    """Two queries for all sections: first keys and totals alone, then the few cases that are shown. A case is in the first that fits.

    `cases` are those in a state of one of the sections, so that an index can leave out the many that are closed.
    """
    section = If(*(When(condition, then=Value(key)) for key, condition in acts.items()))
    place = Window(RowNumber(), partition_by="section", order_by=[Coalesce("due_at", "created_at"), F("id")])
    total = Window(Count("pk"), partition_by="section")
    in_any = cases.annotate(section=section).filter(section__isnull=False)
    found = in_any.annotate(place=place, total=total).filter(place__lte=CASES_PER_SECTION).order_by("place")
    rows = list(found.values_list("pk", "section", "total"))
    by_key = {case.pk: case for case in _in_this_order([pk for pk, _, _ in rows], Case.objects.all())}
    return [
        Section(key, [by_key[pk] for pk, of, _ in rows if of == key], max((total for _, of, total in rows if of == key), default=0))
        for key in acts
    ]


def _from(waiting: QuerySet[Case], after: UUID | None) -> QuerySet[Case]:
    last = Case.objects.filter(pk=after).first() if after else None
    if last is None or last.stands_at is None:
        return waiting
    return waiting.filter(Q(stands_at__gt=last.stands_at) | Q(stands_at=last.stands_at, pk__gt=last.pk))


def _rows(viewer: Viewer, keys: list[UUID]) -> list[Row]:
    unseen = Image.objects.filter(lesion=OuterRef("lesion"))
    if isinstance(viewer, User):
        unseen = unseen.exclude(impressions__by=viewer)
    cases = _in_this_order(keys, Case.objects.annotate(has_unjudged_image=Exists(unseen)))
    return [Row(case, standing.why(case, hides_analysis=_hides_analysis(case))) for case in cases]


def _hides_analysis(case: Case) -> bool:
    """As long as this reader has not judged each picture themselves, where the practice asks for that."""
    return case.lesion.patient.practice.asks_impression and bool(getattr(case, "has_unjudged_image", True))


def _in_this_order(keys: list[UUID], cases: QuerySet[Case]) -> list[Case]:
    """Fetched after the keys were found, so that what only the shown rows need is looked up for these alone."""
    found = (
        cases.filter(pk__in=keys)
        .select_related(*RELATED)
        .defer("lesion__patient__search_words")
        .annotate(latest_image_id=latest_image("lesion"))
    )
    by_key = {case.pk: case for case in found}
    return [by_key[key] for key in keys if key in by_key]


def patients_of(cases: Iterable[Case]) -> list[str]:
    """For the audit trail: whom a page of cases has shown."""
    return sorted({str(case.lesion.patient_id) for case in cases})
