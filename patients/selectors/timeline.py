"""What happened to a lesion, day by day: pictures taken, checklists answered, cases sent and answered, histology."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone

from patients.models import Case, CaseStatus, Histology, Image, Lesion, Modality, Viewer
from patients.selectors.answers import histologies_of
from patients.selectors.records import images_of


@dataclass(frozen=True)
class Event:
    """Something dated that is no picture."""

    day: date
    text: str
    note: str = ""
    is_urgent: bool = False
    case: Case | None = None


@dataclass(frozen=True)
class Shot:
    """A picture and its number on this lesion: the oldest is 1."""

    number: int
    image: Image


@dataclass(frozen=True)
class Group:
    """Pictures that belong side by side: a macroscopic one and the close-ups taken there, or one alone."""

    shots: tuple[Shot, ...]

    @property
    def is_pair(self) -> bool:
        return len(self.shots) > 1


@dataclass
class Visit:
    day: date
    groups: list[Group] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    visits: list[Visit]
    """The oldest first."""
    shots: list[Shot]
    """Every picture once, in the same order."""
    cases: list[Case]
    """The newest first, as are the findings of histology."""
    histologies: list[Histology]

    @property
    def overviews(self) -> list[Shot]:
        """What a dermoscopic picture can be paired with."""
        return [shot for shot in self.shots if shot.image.modality == Modality.MACROSCOPIC]


def timeline_of(viewer: Viewer, lesion: Lesion) -> Timeline:
    """As far as this person may see it; a constant number of queries."""
    related = ("by", "to_user", "to_pool", "claimed_by")
    cases = list(Case.objects.visible_to(viewer).filter(lesion=lesion).select_related(*related).order_by("-created_at"))
    histologies = histologies_of(viewer, lesion)
    shots = _shots(lesion)
    visits: dict[date, Visit] = {}
    for group in _groups(shots):
        day = group.shots[-1].image.day
        visits.setdefault(day, Visit(day)).groups.append(group)
    for event in [*_checklists(lesion), *_cases(cases), *_histologies(histologies)]:
        visits.setdefault(event.day, Visit(event.day)).events.append(event)
    return Timeline([visits[day] for day in sorted(visits)], shots, cases, histologies)


def _shots(lesion: Lesion) -> list[Shot]:
    images = sorted(images_of(lesion), key=lambda image: (image.day, image.uploaded_at, image.pk))
    return [Shot(number, image) for number, image in enumerate(images, start=1)]


def _groups(shots: list[Shot]) -> Iterator[Group]:
    """In the order of the first picture of each. An overview stands with its close-ups, on their day where that is another."""
    close_ups: dict[object, list[Shot]] = {}
    for shot in shots:
        if shot.image.paired_with_id:
            close_ups.setdefault(shot.image.paired_with_id, []).append(shot)
    placed = {shot.image.pk for taken in close_ups.values() for shot in taken}
    for shot in shots:
        if shot.image.pk not in placed:
            yield Group((shot, *close_ups.get(shot.image.pk, [])))


def _checklists(lesion: Lesion) -> Iterator[Event]:
    for answered in lesion.checklists.select_related("by"):
        points = f"7-point checklist: {answered.score} of 10"
        yield Event(_day(answered.at), points, f"by {answered.by}", answered.is_urgent)


def _cases(cases: Iterable[Case]) -> Iterator[Event]:
    """That there is an answer, not which: a second reader must not see the first one's here."""
    for case in cases:
        if case.sent_at:
            yield Event(_day(case.sent_at), f"Referred to {case.target}", f"by {case.by}", case=case)
        if case.answered_at:
            yield Event(_day(case.answered_at), "Case answered", f"by {case.claimed_by}", case=case)
        if case.closed_at:
            yield Event(_day(case.closed_at), "Case closed", case=case)
        if case.status == CaseStatus.DISCARDED and not case.sent_at:
            yield Event(_day(case.created_at), "Case discarded before it was sent", case=case)


def _histologies(histologies: Iterable[Histology]) -> Iterator[Event]:
    for found in histologies:
        yield Event(found.reported_on, f"Histology: {found.diagnosis_words}", _note(found))


def _note(found: Histology) -> str:
    breslow = f"Breslow {found.breslow_mm} mm, " if found.breslow_mm is not None else ""
    return f"{breslow}recorded by {found.by}"


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)
