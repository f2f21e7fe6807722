"""Cases in every state, as if months of work had passed. Rows are written as they stood at their time, which no service can do afterwards;
the constraints of the database see to it that every state is told completely."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

from numpy.random import Generator

from patients import queue
from patients.demo.crowd import DIAGNOSIS_OF
from patients.models import Answer, Case, CaseEvent, CaseStatus, EventKind, Histology, Lesion, Pool, User
from patients.models.cases import HELD, READ

STATES = (
    *[CaseStatus.WAITING] * 16,
    *[CaseStatus.CLAIMED] * 5,
    *[CaseStatus.INFO_ASKED] * 3,
    *[CaseStatus.ANSWERED] * 9,
    *[CaseStatus.SECOND_OPINION] * 2,
    *[CaseStatus.CLOSED] * 30,
    *[CaseStatus.DISCARDED] * 4,
    *[CaseStatus.DRAFT] * 3,
)
DAYS_AGO = {
    CaseStatus.DRAFT: (0, 2),
    CaseStatus.WAITING: (0, 9),
    CaseStatus.CLAIMED: (1, 6),
    CaseStatus.INFO_ASKED: (2, 8),
    CaseStatus.ANSWERED: (3, 14),
    CaseStatus.SECOND_OPINION: (4, 10),
}
"""When it was sent, at least and at most; whatever was closed or discarded is weeks or months old."""
LONG_AGO = (9, 320)
URGENCY_OF = {"irregular": "urgent", "pearly": "soon"}
ICD10_OF = {"NV": "D22.9", "BKL": "L82", "MEL": "C43.9", "BCC": "C44.9", "VASC": "D18.0"}
MANAGEMENT_OF = {"NV": "reassure", "BKL": "reassure", "MEL": "urgent_referral", "BCC": "excise", "VASC": "reassure"}
WORDS_OF = {
    "NV": "Regular network and symmetrical globules. No criteria of melanoma. No follow-up needed unless it changes.",
    "BKL": "Milia-like cysts and sharp borders, typical of a seborrhoeic keratosis. Harmless; may be removed if it bothers.",
    "MEL": "Asymmetrical in structure and colour with blue-grey areas. Please refer for complete excision within two weeks.",
    "BCC": "Arborising vessels and blue-grey ovoid areas. Please excise; a margin of 3 to 5 mm is sufficient here.",
    "VASC": "Red lagoons without any pigment network: a haemangioma. Harmless.",
}
QUESTIONS = (
    "New to this patient. Is it anything to worry about?",
    "Changed within the last months, says the patient. Excise or watch?",
    "Seen at the yearly check. I am not sure of the network at the edge.",
    "The patient is worried because of a case in the family. Please advise.",
    "Basal cell carcinoma or an old scar?",
)


@dataclass
class Story:
    """One case with what happened to it, in order."""

    case: Case
    look: str
    now: datetime
    rng: Generator
    events: list[CaseEvent] = field(default_factory=list)

    def add(self, kind: EventKind, by: User, hours: float, text: str = "") -> datetime:
        """The event, `hours` after the last one but never later than now."""
        last = self.events[-1].at if self.events else self.case.sent_at or self.now
        at = min(last + timedelta(hours=hours), self.now)
        self.events.append(CaseEvent(case=self.case, kind=kind, by=by, at=at, text=text))
        return at


def load_histories(lesions: list[tuple[Lesion, str]], dermatologists: list[User], pool: Pool, now: datetime, rng: Generator) -> int:
    """Gives the first lesions (with their looks) a case each; returns how many."""
    readers = cycle(dermatologists)
    for status, (lesion, look) in zip(STATES, lesions, strict=False):
        _write(_told(status, lesion, look, next(readers), next(readers), pool, now, rng), status)
    return min(len(STATES), len(lesions))


def _told(status: CaseStatus, lesion: Lesion, look: str, reader: User, other: User, pool: Pool, now: datetime, rng: Generator) -> Story:
    earliest, latest = DAYS_AGO.get(status, LONG_AGO)
    sent_at = now - timedelta(days=float(rng.uniform(earliest, latest)), minutes=5)
    whose = {"lesion": lesion, "patient": lesion.patient, "practice": lesion.patient.practice}
    case = Case(**whose, by=lesion.created_by, to_pool=pool, status=status, created_at=sent_at)
    case.urgency, case.question = URGENCY_OF.get(look, "routine"), str(rng.choice(QUESTIONS))
    story = Story(case, look, now, rng)
    if status == CaseStatus.DRAFT:
        return story
    _send(case, sent_at, look, lesion)
    story.add(EventKind.SENT, case.by, 0)
    if status in HELD:
        _take(story, reader)
    if status == CaseStatus.INFO_ASKED:
        case.asked_at = story.add(EventKind.ASKED, reader, 1, "Since when has it been there, and has it ever bled?")
    if status in READ:
        _read(story, reader, other)
    if status == CaseStatus.DISCARDED:
        case.discard_reason = "Sent twice: the other case has the better picture."
        story.add(EventKind.DISCARDED, case.by, 3, case.discard_reason)
    return story


def _send(case: Case, sent_at: datetime, look: str, lesion: Lesion) -> None:
    case.sent_at, case.due_at = sent_at, queue.due_at(sent_at, case.urgency)
    case.red_flags = ["growing", "bleeding"] if look == "irregular" else []
    newest = lesion.checklists.first()
    case.checklist_score = newest.score if newest else None
    case.stands_at = queue.stands_at(queue.Facts(case.due_at, tuple(case.red_flags), case.checklist_score))


def _take(story: Story, reader: User) -> None:
    story.case.claimed_by = reader
    story.case.claimed_at = story.add(EventKind.CLAIMED, reader, float(story.rng.uniform(1, 20)))


def _read(story: Story, reader: User, other: User) -> None:
    case = story.case
    if story.rng.random() < 0.3:
        story.add(EventKind.ASKED, reader, 0.5, "Is there an earlier picture, or does the patient remember a change?")
        story.add(EventKind.REPLIED, case.by, float(story.rng.uniform(2, 30)), "None earlier. She thinks it was smaller in spring.")
    case.answered_at = story.add(EventKind.ANSWERED, reader, 0.4)
    if case.status == CaseStatus.SECOND_OPINION:
        case.second_to_user = other
        story.add(EventKind.SECOND_ASKED, reader, 1, "I would be glad of another pair of eyes.")
    if case.status == CaseStatus.CLOSED:
        case.closed_at = story.add(EventKind.CLOSED, case.by, float(story.rng.uniform(3, 60)))


def _write(story: Story, status: CaseStatus) -> None:
    case = story.case
    if status in {CaseStatus.WAITING, CaseStatus.CLAIMED} and case.due_at and case.due_at < story.now:
        case.breached_at = case.due_at + timedelta(minutes=1)
    case.save()
    CaseEvent.objects.bulk_create(story.events)
    if case.answered_at and case.claimed_by:
        _answer(story, case.claimed_by, case.answered_at)


def _answer(story: Story, reader: User, at: datetime) -> None:
    diagnosis = DIAGNOSIS_OF[story.look]
    Answer.objects.create(
        case=story.case,
        diagnosis=diagnosis,
        icd10=ICD10_OF[diagnosis],
        certainty="probable" if diagnosis == "MEL" else "certain",
        management=MANAGEMENT_OF[diagnosis],
        text=WORDS_OF[diagnosis],
        signed_by=reader,
        signed_name=str(reader),
        signed_at=at,
    )
    if story.case.closed_at and diagnosis in {"MEL", "BCC"}:
        reported = min(at + timedelta(days=16), story.now)
        case = story.case
        Histology.objects.create(lesion=case.lesion, case=case, diagnosis=diagnosis, reported_on=reported.date(), by=case.by, at=reported)
        CaseEvent.objects.create(case=case, kind=EventKind.HISTOLOGY, by=case.by, at=reported)
