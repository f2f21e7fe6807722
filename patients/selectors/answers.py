"""What was said of a case, for one reader: the one place that keeps a second opinion independent of the first.

Every page, letter and interface that shows answers, events or the histology of a case asks here.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, Q, QuerySet

from patients.models import Answer, AuditEntry, Case, CaseEvent, CaseStatus, EventKind, Histology, Lesion, User, Viewer

TELLING = (EventKind.ANSWERED, EventKind.SUPERSEDED, EventKind.HISTOLOGY)
"""Kinds of events that may tell the first answer, or what proves it right or wrong."""


def is_blinded(viewer: Viewer, case: Case) -> bool:
    """Asked for a second opinion that nobody has signed yet. Looked up anew: an old copy of the case must not lift the blindfold."""
    return _second_opinions_asked_of(viewer).filter(pk=case.pk).exists()


def who_read_an_answer(case: Case) -> set[int]:
    """The keys of everybody who was shown what somebody signed on this case, by a page or a letter: the trail says of each reading whether
    it told. A second opinion of theirs is not independent any more."""
    return set(_tellings([case]).values_list("actor", flat=True))


def whose_answer_was_read(viewer: Viewer, cases: Iterable[Case]) -> set[UUID]:
    """Of these cases, those of which this person was shown what somebody signed."""
    return {UUID(key) for key in _tellings(cases).filter(actor=viewer.pk).values_list("object_id", flat=True)}


def _tellings(cases: Iterable[Case]) -> QuerySet[AuditEntry]:
    keys = [str(case.pk) for case in cases]
    return AuditEntry.objects.filter(object_type=Case._meta.label_lower, object_id__in=keys, detail__answers=True).order_by()


def histologies_of(viewer: Viewer, lesion: Lesion) -> list[Histology]:
    """The newest first: that is the one that counts. Nothing while the viewer owes a second opinion on this lesion. One query."""
    found = Histology.objects.filter(lesion=lesion, lesion__in=Lesion.objects.visible_to(viewer))
    return list(found.exclude(Exists(_owed_on(viewer, lesion.pk))).select_related("by"))


def owes_second_opinion(viewer: Viewer, lesion: Lesion) -> bool:
    """On any case of the lesion: what an older case knows by now would tell the newer one's answer."""
    return _owed_on(viewer, lesion.pk).exists()


def answers_for(viewer: Viewer, case: Case) -> QuerySet[Answer]:
    """All that was signed and that this person may read, the first opinion before the second, each in the order of signing.

    Whoever may not see the case reads nothing. Whoever is asked for a second opinion reads nothing before it is signed.
    """
    found = Answer.objects.filter(case=case, case__in=Case.objects.visible_to(viewer))
    if is_blinded(viewer, case):
        found = found.none()
    return found.select_related("signed_by", "superseded_by").order_by("is_second", "signed_at", "id")


def events_for(viewer: Viewer, case: Case) -> list[CaseEvent]:
    """The conversation, oldest first. Whoever is blinded learns that an answer was signed, and not a word of it."""
    events = CaseEvent.objects.filter(case=case, case__in=Case.objects.visible_to(viewer)).select_related("by")
    if not is_blinded(viewer, case):
        return list(events)
    return [_silenced(event) for event in events.exclude(kind=EventKind.HISTOLOGY)]


def histologies_for(viewer: Viewer, case: Case) -> QuerySet[Histology]:
    """Of the lesion, the newest first; whoever is asked for a second opinion, on this case or another of the lesion, gives it without."""
    found = Histology.objects.filter(lesion=case.lesion_id, lesion__cases__in=Case.objects.visible_to(viewer).filter(pk=case.pk))
    return found.exclude(Exists(_owed_on(viewer, case.lesion_id))).select_related("by")


def _owed_on(viewer: Viewer, lesion_id: UUID) -> QuerySet[Case]:
    return _second_opinions_asked_of(viewer).filter(lesion=lesion_id)


def _second_opinions_asked_of(viewer: Viewer) -> QuerySet[Case]:
    """And not signed by anybody yet."""
    if not isinstance(viewer, User):
        return Case.objects.none()
    asked = Q(second_to_user=viewer) | Q(second_to_pool__in=viewer.pools.values("pk"))
    return Case.objects.filter(asked, status=CaseStatus.SECOND_OPINION).exclude(claimed_by=viewer)


def _silenced(event: CaseEvent) -> CaseEvent:
    if event.kind in TELLING:
        event.text = ""
    return event
