"""Fills a database with a clinic of the size asked for: practices of different size, people, records, cases in every state, a trail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from analysis.models import Analysis, Status
from benchmarks.scale.copying import copy_rows, without_indexes
from benchmarks.scale.names import Names
from patients import queue, search
from patients.models import (
    Answer,
    AuditEntry,
    BreakGlass,
    Case,
    CaseEvent,
    CaseStatus,
    Checklist,
    Consent,
    EventKind,
    Image,
    Lesion,
    Notification,
    Patient,
    Pool,
    Practice,
    Role,
    SearchWord,
    User,
)
from patients.models.cases import HELD, READ, SENT
from patients.sites import body_sites

ONE_FILE = "images/00/" + "0" * 32
"""Every picture shares it: the pages measured name files and open none."""
LARGEST_SHARE = 0.2
"""Of all patients, in the largest practice; the others follow one another like 1, 1/2, 1/3 …"""
LESIONS = (1, 2, 3, 4, 5, 6)
LESION_WEIGHTS = (30, 30, 18, 12, 6, 4)
STATES = {
    CaseStatus.DRAFT: 2, CaseStatus.WAITING: 8, CaseStatus.CLAIMED: 3, CaseStatus.INFO_ASKED: 2, CaseStatus.ANSWERED: 12,
    CaseStatus.SECOND_OPINION: 1, CaseStatus.CLOSED: 65, CaseStatus.DISCARDED: 7,
}  # fmt: skip
ACTS = ("patient.read", "lesion.read", "image.read", "image.read", "image.read", "analysis.read")
LISTED = 25
FILLED = (Patient, SearchWord, Consent, Lesion, Image, Analysis, Case, Checklist, CaseEvent, Answer, Notification, AuditEntry)

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Size:
    patients: int
    images: int
    cases: int
    trail: int
    practices: int = 50


@dataclass
class Clinic:
    """Who and what is there, as far as the rows that follow need it."""

    size: Size
    name: str
    random: random.Random
    now: datetime = field(default_factory=timezone.now)
    gps: dict[int, list[int]] = field(default_factory=dict)
    dermatologists: list[int] = field(default_factory=list)
    pools: dict[int, list[int]] = field(default_factory=dict)
    """With their members."""
    patients: list[tuple[UUID, int]] = field(default_factory=list)
    lesions: list[tuple[UUID, int]] = field(default_factory=list)
    """With the place of their patient in `patients`."""
    words: set[str] = field(default_factory=set)
    """Of all names."""

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(seconds=self.random.uniform(0, days * 86_400))

    def gp(self, practice: int) -> int:
        return self.random.choice(self.gps[practice])

    def practice_of(self, lesion: int) -> int:
        return self.patients[self.lesions[lesion][1]][1]


def fill(size: Size, name: str) -> dict[str, int]:
    """Returns how many rows of each kind were made. `name` keeps the names of two fillings apart."""
    clinic = Clinic(size, name, random.Random(name))  # noqa: S311 - nothing secret
    _people(clinic)
    with without_indexes(*FILLED):
        counts = _fill_all(clinic)
    _open_records(clinic)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return counts


def _fill_all(clinic: Clinic) -> dict[str, int]:
    counts = {
        "patients": copy_rows(Patient, _patients(clinic)),
        "consents": copy_rows(Consent, _consents(clinic)),
        "lesions": copy_rows(Lesion, _lesions(clinic)),
        "images": copy_rows(Image, _images(clinic)),
    }
    copy_rows(SearchWord, _words(clinic))
    copy_rows(Analysis, _analyses(clinic))
    cases = _cases(clinic)
    counts["cases"] = copy_rows(Case, iter(cases))
    copy_rows(Checklist, _checklists(clinic, cases))
    copy_rows(CaseEvent, _events(cases))
    copy_rows(Answer, _answers(clinic, cases))
    copy_rows(Notification, _notifications(cases))
    counts["audit entries"] = copy_rows(AuditEntry, _trail(clinic), with_triggers=True)
    return counts


# --- people ---------------------------------------------------------------------------------------------------------------


@transaction.atomic
def _people(clinic: Clinic) -> None:
    practices = Practice.objects.bulk_create(Practice(name=f"{clinic.name} practice {number}") for number in range(clinic.size.practices))
    for practice, share in zip(practices, _shares(len(practices)), strict=True):
        number = max(2, round(clinic.size.patients * share / 1000))
        clinic.gps[practice.pk] = [_person(clinic, f"gp{practice.pk}-{n}", Role.GP, practice).pk for n in range(number)]
    clinic.dermatologists = [_person(clinic, f"dermatologist{n}", Role.DERMATOLOGIST).pk for n in range(20)]
    for number in range(4):
        pool = Pool.objects.create(name=f"{clinic.name} pool {number}")
        clinic.pools[pool.pk] = sorted({*clinic.dermatologists[number::4], *clinic.dermatologists[:2]})
        pool.members.set(clinic.pools[pool.pk])
    _person(clinic, "admin", Role.ADMIN)


def _person(clinic: Clinic, name: str, role: str, practice: Practice | None = None) -> User:
    login = f"{clinic.name}-{name}"
    return User.objects.create(username=login, display_name=login.title(), role=role, practice=practice)


def _shares(practices: int) -> list[float]:
    rest = [1 / rank for rank in range(1, practices)]
    return [LARGEST_SHARE, *((1 - LARGEST_SHARE) * share / sum(rest) for share in rest)]


# --- records --------------------------------------------------------------------------------------------------------------


def _patients(clinic: Clinic) -> Rows:
    names, chance = Names(clinic.random), clinic.random
    sizes = [round(clinic.size.patients * share) for share in _shares(len(clinic.gps))]
    sizes[-1] += clinic.size.patients - sum(sizes)
    for practice, number in zip(clinic.gps, sizes, strict=True):
        for record in range(1, number + 1):
            key, record_number = clinic.uuid(), f"{practice}-{record:06}"
            family_name, given_names = names.family(), names.given()
            clinic.patients.append((key, practice))
            clinic.words |= search.vocabulary(family_name, given_names)
            yield {
                "id": key,
                "practice_id": practice,
                "record_number": record_number,
                "family_name": family_name,
                "given_names": given_names,
                "search_words": search.index_of(record_number, family_name, given_names),
                "birth_date": names.birth_date(),
                "sex": chance.choice(("female", "male")),
                "skin_type": chance.choice((None, 1, 2, 2, 3, 3, 4, 5, 6)),
                "risk_factors": chance.sample(("many_naevi", "sunburns", "melanoma_in_family"), chance.choice((0, 0, 1, 2))),
                "created_by_id": clinic.gp(practice),
                "created_at": clinic.ago(1500),
            }


def _words(clinic: Clinic) -> Rows:
    for word in sorted(clinic.words.difference(SearchWord.objects.values_list("word", flat=True))):
        yield {"word": word, "trigrams": sorted(search.trigrams(word))}


def _consents(clinic: Clinic) -> Rows:
    for key, practice in clinic.patients:
        for purpose in ("care", "teleconsultation"):
            at = clinic.ago(1500)
            yield {"patient_id": key, "purpose": purpose, "given_on": at.date(), "recorded_by_id": clinic.gp(practice), "recorded_at": at}


def _lesions(clinic: Clinic) -> Rows:
    sites = list(body_sites().values())
    numbers = clinic.random.choices(LESIONS, LESION_WEIGHTS, k=len(clinic.patients))
    for place, ((patient, practice), number) in enumerate(zip(clinic.patients, numbers, strict=True)):
        for count in range(1, number + 1):
            key, site = clinic.uuid(), clinic.random.choice(sites)
            clinic.lesions.append((key, place))
            yield {
                "id": key,
                "patient_id": patient,
                "number": count,
                "site_code": site.code,
                "site_scheme": site.scheme,
                "site_meaning": site.meaning,
                "laterality": clinic.random.choice("LRU"),
                "symptoms": clinic.random.sample(("itching", "growing", "colour"), clinic.random.choice((0, 0, 1, 2))),
                "created_by_id": clinic.gp(practice),
                "created_at": clinic.ago(1500),
            }


def _images(clinic: Clinic) -> Rows:
    """One for each lesion as far as they go, the rest for lesions that are followed up."""
    everyone = range(len(clinic.lesions))
    followed = clinic.random.choices(everyone, k=max(0, clinic.size.images - len(everyone)))
    for lesion in [*everyone[: clinic.size.images], *followed]:
        yield {
            "id": clinic.uuid(),
            "lesion_id": clinic.lesions[lesion][0],
            "modality": clinic.random.choice(("dermoscopic", "dermoscopic", "macroscopic")),
            "uploaded_by_id": clinic.gp(clinic.practice_of(lesion)),
            "uploaded_at": clinic.ago(1500),
            "sha256": f"{clinic.random.getrandbits(256):064x}",
            "size_bytes": 400_000,
            "media_type": "image/jpeg",
            "width_px": 1200,
            "height_px": 900,
            **dict.fromkeys(("original", "upright", "display", "thumbnail"), ONE_FILE),
        }


def _analyses(clinic: Clinic) -> Rows:
    for key, by, at in (
        Image.objects.filter(lesion__patient__practice__in=clinic.gps).values_list("pk", "uploaded_by", "uploaded_at").iterator()
    ):
        yield {
            "image_id": key,
            "requested_by_id": by,
            "status": Status.SUCCEEDED,
            **dict.fromkeys(("queued_at", "published_at", "started_at", "finished_at"), at),
            "result": {},
            "p_malignant": clinic.random.betavariate(1, 6),
        }


# --- cases ----------------------------------------------------------------------------------------------------------------


def _cases(clinic: Clinic) -> list[dict[str, Any]]:
    chosen = clinic.random.sample(range(min(len(clinic.lesions), clinic.size.images)), clinic.size.cases)
    states = clinic.random.choices(list(STATES), list(STATES.values()), k=len(chosen))
    return [_case(clinic, lesion, state) for lesion, state in zip(chosen, states, strict=True)]


def _case(clinic: Clinic, lesion: int, state: CaseStatus) -> dict[str, Any]:
    chance = clinic.random
    urgency = chance.choices(("urgent", "soon", "routine"), (1, 3, 6))[0]
    pool = chance.choice(list(clinic.pools))
    is_for_one, reader = chance.random() < 0.3, chance.choice(clinic.pools[pool])
    at = clinic.ago(700 if state in READ or state == CaseStatus.DISCARDED else 9)
    due_at = queue.due_at(at, urgency)
    flags, score, alert = (
        chance.sample(("growing", "bleeding"), chance.choice((0, 0, 0, 1))),
        chance.randint(0, 7),
        chance.betavariate(1, 6),
    )
    row: dict[str, Any] = {
        "id": clinic.uuid(),
        "lesion_id": clinic.lesions[lesion][0],
        "patient_id": clinic.patients[clinic.lesions[lesion][1]][0],
        "practice_id": clinic.practice_of(lesion),
        "by_id": clinic.gp(clinic.practice_of(lesion)),
        "to_user_id": reader if is_for_one else None,
        "to_pool_id": None if is_for_one else pool,
        "question": "New since the summer. Would you excise it?",
        "urgency": urgency,
        "status": state,
        "created_at": at,
    }
    if state in SENT:
        row |= {"red_flags": flags, "checklist_score": score, "alert": alert, "sent_at": at, "due_at": due_at}
        row["stands_at"] = queue.stands_at(queue.Facts(due_at, tuple(flags), score, alert))
    if state in HELD:
        row |= {"claimed_by_id": reader, "claimed_at": at + timedelta(hours=1)}
    return row | _of_state(clinic, state, at)


def _of_state(clinic: Clinic, state: CaseStatus, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {"answered_at": at + timedelta(hours=3)} if state in READ else {}
    match state:
        case CaseStatus.INFO_ASKED:
            row["asked_at"] = at + timedelta(hours=2)
        case CaseStatus.SECOND_OPINION:
            row["second_to_pool_id"] = clinic.random.choice(list(clinic.pools))
        case CaseStatus.CLOSED:
            row["closed_at"] = at + timedelta(days=2)
        case CaseStatus.DISCARDED:
            row["discard_reason"] = "Sent twice."
    return row


def _checklists(clinic: Clinic, cases: list[dict[str, Any]]) -> Rows:
    signs = (*Checklist.MAJOR, *Checklist.MINOR)
    for case in cases:
        answers = {sign: clinic.random.random() < 0.3 for sign in signs}
        yield {"lesion_id": case["lesion_id"], "by_id": case["by_id"], "at": case["created_at"], **answers}


def _events(cases: list[dict[str, Any]]) -> Rows:
    for case in cases:
        reader = case.get("claimed_by_id")
        steps = [(EventKind.SENT, case["by_id"], case.get("sent_at")), (EventKind.CLAIMED, reader, case.get("claimed_at"))]
        steps += [(EventKind.ASKED, reader, case.get("asked_at")), (EventKind.ANSWERED, reader, case.get("answered_at"))]
        steps += [(EventKind.CLOSED, case["by_id"], case.get("closed_at"))]
        yield from ({"case_id": case["id"], "kind": kind, "by_id": by, "at": at} for kind, by, at in steps if at)


def _answers(clinic: Clinic, cases: list[dict[str, Any]]) -> Rows:
    for case in cases:
        if case["status"] in READ:
            diagnosis, code = clinic.random.choice((("NV", "D22.5"), ("BKL", "L82"), ("MEL", "C43.5"), ("BCC", "C44.3")))
            yield {
                "case_id": case["id"],
                "diagnosis": diagnosis,
                "icd10": code,
                "certainty": "probable",
                "management": "excise" if diagnosis in {"MEL", "BCC"} else "reassure",
                "text": "Regular border and colour. Show it again if it changes.",
                "signed_by_id": case["claimed_by_id"],
                "signed_name": "Somebody",
                "signed_at": case["answered_at"],
            }


def _notifications(cases: list[dict[str, Any]]) -> Rows:
    for case in cases:
        if case["status"] in READ:
            at, is_old = case["answered_at"], case["status"] == CaseStatus.CLOSED
            yield {"to_id": case["by_id"], "kind": "case_answered", "case_id": case["id"], "at": at, "read_at": at if is_old else None}


# --- the trail ------------------------------------------------------------------------------------------------------------


def _trail(clinic: Clinic) -> Rows:
    """Mostly reading, by people of the practice; every tenth entry is a list that names a page of patients."""
    step = timedelta(days=700) / max(1, clinic.size.trail)
    for number in range(clinic.size.trail):
        place = clinic.random.randrange(len(clinic.patients))
        key, practice = clinic.patients[place]
        by = clinic.gp(practice)
        row = {"at": clinic.now - timedelta(days=700) + number * step, "actor_id": by, "actor_name": f"Person {by}", "actor_role": Role.GP}
        if number % 10:
            yield row | {"action": clinic.random.choice(ACTS), "object_type": "patients.patient", "object_id": key, "patient_id": key}
        else:
            detail = {"patients": [str(patient) for patient, _ in clinic.patients[place : place + LISTED]]}
            yield row | {"action": "patient.list", "object_type": "patients.user", "object_id": by, "detail": detail}


def _open_records(clinic: Clinic) -> None:
    admin = User.objects.get(username=f"{clinic.name}-admin")
    until = clinic.now + timedelta(hours=12)
    for key, _ in clinic.random.sample(clinic.patients, 10):
        BreakGlass.objects.create(admin=admin, patient_id=key, reason="Complaint about a letter", expires_at=until)
