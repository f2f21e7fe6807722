"""Cases in their queue and on people's desks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from django.db.models import Case as If
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from patients import standing
from patients.models import Case, CaseStatus, Image, Pool, Role, User, Viewer
from patients.selectors.records import latest_image

CASES_PER_PAGE = 20
CASES_PER_SECTION = 4
SHOWN = (
    "patient", "status", "urgency", "red_flags", "checklist_score", "alert",
    "created_at", "sent_at", "due_at", "stands_at", "asked_at", "answered_at",
    "lesion__number", "lesion__site_meaning", "lesion__laterality", "practice__name", "practice__asks_impression", "to_pool__name",
    *(f"lesion__patient__{name}" for name in ("family_name", "given_names", "birth_date", "sex")),
    *(f"{person}__{name}" for person in ("by", "to_user", "claimed_by") for name in ("username", "display_name")),
)  # fmt: skip
"""What a row tells of a case. Of all columns of all these tables, putting the question together would take as long as answering it."""


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
    keys = list(_from(viewer, waiting.in_order(), after).values_list("pk", flat=True)[: CASES_PER_PAGE + 1])
    shown = keys[:CASES_PER_PAGE]
    cases = _shown(shown, _with_unjudged(viewer))
    return QueuePage([_row(cases[pk]) for pk in shown if pk in cases], waiting.count(), shown[-1] if len(keys) > len(shown) else None)


def new_in_queue(viewer: Viewer, since: datetime) -> int:
    return Case.objects.queue_of(viewer).filter(sent_at__gt=since).count()


def desk_of_practice(viewer: Viewer) -> list[Section]:
    """What a practice has to do next: reply, read, choose somebody else, send, ask after what is late."""
    late = Q(status__in=[CaseStatus.WAITING, CaseStatus.CLAIMED], due_at__lt=timezone.now())
    readers = User.objects.filter(is_active=True, role=Role.DERMATOLOGIST)
    left = Q(to_user__isnull=False) & ~Q(to_user__is_active=True, to_user__role=Role.DERMATOLOGIST)
    empty = list(Pool.objects.exclude(members__in=readers).values_list("pk", flat=True))
    gone = Q(left | Q(to_pool__in=empty), status=CaseStatus.WAITING)
    acts = {
        "asked": Q(status=CaseStatus.INFO_ASKED),
        "answered": Q(status=CaseStatus.ANSWERED),
        "stranded": gone,
        "drafts": Q(status=CaseStatus.DRAFT),
        "overdue": late,
    }
    states = [CaseStatus.INFO_ASKED, CaseStatus.ANSWERED, CaseStatus.WAITING, CaseStatus.CLAIMED, CaseStatus.DRAFT]
    found = _in_sections(Case.objects.visible_to(viewer).filter(status__in=states), acts)
    return _sections(found, acts, _shown([pk for pk, _, _ in found], Case.objects.all()))


def desk_of_dermatologist(viewer: User) -> tuple[list[Section], list[Row]]:
    """What this dermatologist has taken or is asked for, and what is late in their queue; then the front of the queue."""
    asked = Q(second_to_user=viewer) | Q(second_to_pool__in=list(viewer.pools.values_list("pk", flat=True)))
    acts = {
        "claimed": Q(status=CaseStatus.CLAIMED, claimed_by=viewer),
        "second": Q(asked, status=CaseStatus.SECOND_OPINION) & ~Q(claimed_by=viewer),
        "overdue": Q(status=CaseStatus.WAITING, due_at__lt=timezone.now()),
        "asked": Q(status=CaseStatus.INFO_ASKED, claimed_by=viewer),
    }
    states = [CaseStatus.CLAIMED, CaseStatus.SECOND_OPINION, CaseStatus.WAITING, CaseStatus.INFO_ASKED]
    found = _in_sections(Case.objects.addressed_to(viewer).filter(status__in=states), acts)
    first = list(Case.objects.queue_of(viewer).in_order().values_list("pk", flat=True)[:CASES_PER_SECTION])
    cases = _shown([pk for pk, _, _ in found] + first, _with_unjudged(viewer))
    return _sections(found, acts, cases), [_row(cases[pk]) for pk in first if pk in cases]


def cases_of(viewer: Viewer, *, status: str = "", after: UUID | None = None) -> tuple[list[Case], UUID | None]:
    """A practice's cases, the newest first, and where the next page begins."""
    found = Case.objects.visible_to(viewer)
    found = found.filter(status=status) if status else found
    if (last := Case.objects.visible_to(viewer).filter(pk=after).first() if after else None) is not None:
        found = found.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk))
    keys = list(found.order_by("-created_at", "id").values_list("pk", flat=True)[: CASES_PER_PAGE + 1])
    shown = keys[:CASES_PER_PAGE]
    cases = _shown(shown, Case.objects.all())
    return [cases[pk] for pk in shown if pk in cases], shown[-1] if len(keys) > len(shown) else None


Placed: TypeAlias = list[tuple[UUID, str, int]]
"""The key of a case, its section, and how many cases that has."""


def _in_sections(cases: QuerySet[Case], acts: dict[str, Q]) -> Placed:
    """The first few of each section in one query, each case in the first section that fits.

    `cases` are those in a state of one of the sections, so that an index can leave out the many that are closed.
    """
    section = If(*(When(condition, then=Value(key)) for key, condition in acts.items()))
    place = Window(RowNumber(), partition_by="section", order_by=[Coalesce("due_at", "created_at"), F("id")])
    total = Window(Count("pk"), partition_by="section")
    in_any = cases.annotate(section=section).filter(section__isnull=False)
    found = in_any.annotate(place=place, total=total).filter(place__lte=CASES_PER_SECTION).order_by("place")
    return list(found.values_list("pk", "section", "total"))


def _sections(found: Placed, acts: Iterable[str], cases: dict[UUID, Case]) -> list[Section]:
    return [
        Section(
            key, [cases[pk] for pk, of, _ in found if of == key and pk in cases], max((n for _, of, n in found if of == key), default=0)
        )
        for key in acts
    ]


def _from(viewer: Viewer, waiting: QuerySet[Case], after: UUID | None) -> QuerySet[Case]:
    last = Case.objects.visible_to(viewer).filter(pk=after).first() if after else None
    if last is None or last.stands_at is None:
        return waiting
    return waiting.filter(Q(stands_at__gt=last.stands_at) | Q(stands_at=last.stands_at, pk__gt=last.pk))


def _with_unjudged(viewer: User) -> QuerySet[Case]:
    """Whether a case has a picture that this reader has not given an impression of."""
    unseen = Image.objects.filter(lesion=OuterRef("lesion")).exclude(impressions__by=viewer)
    return Case.objects.annotate(has_unjudged_image=Exists(unseen))


def _row(case: Case) -> Row:
    """What the analysis says is hidden as long as this reader has not judged each picture themselves, where the practice asks for that."""
    hides_analysis = case.practice.asks_impression and bool(getattr(case, "has_unjudged_image", True))
    return Row(case, standing.why(case, hides_analysis=hides_analysis))


def _shown(keys: Iterable[UUID], cases: QuerySet[Case]) -> dict[UUID, Case]:
    """Fetched after the keys were found, so that what only the shown rows need is looked up for these alone."""
    found = (
        cases.filter(pk__in=list(keys))
        .select_related("lesion__patient", "practice", "by", "to_user", "to_pool", "claimed_by")
        .only(*SHOWN)
        .annotate(latest_image_id=latest_image("lesion"))
    )
    return {case.pk: case for case in found}


def patients_of(cases: Iterable[Case]) -> list[str]:
    """For the audit trail: whom a page of cases has shown."""
    return sorted({str(case.patient_id) for case in cases})
