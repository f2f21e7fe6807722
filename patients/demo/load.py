"""Fills an empty installation with the demonstration: records through the same services that people use, the past beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import cv2
import numpy as np
from django.core.files.base import ContentFile
from django.utils import timezone
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Pil

from patients import services
from patients.capture import CaptureFields
from patients.demo import crowd, drawing, histories, people
from patients.files import file_transaction
from patients.intake.pixels import encode
from patients.intake.sniff import JPEG
from patients.models import Checklist, Image, Lesion, Patient, Pool, Practice, Purpose, Role, User
from patients.sites import BodySite, body_sites

VISITS_DAYS_AGO = (280, 190, 95, 3)
SEED = 20
DRAWINGS_OF_A_LOOK = 5
"""Pictures of the crowd are views of so many drawings of each look: drawing takes longer than all the rest."""
CROWD_SCALE = 2 / 3


def load_demo() -> bool:
    """True when the demonstration was loaded, False when it was there already."""
    if User.objects.filter(username=people.PEOPLE[0][0]).exists():
        return False
    with file_transaction():
        staff, pool = _staff()
        _load_crowd(staff, pool)
        seed = 0
        for case in people.PATIENTS:  # last: first pages show the newest
            seed = _load_patient(case, staff, pool, seed)
    return True


def _staff() -> tuple[dict[str, User], Pool]:
    practices = [Practice.objects.create(name=name, address=address, phone=phone) for name, address, phone in people.PRACTICES]
    staff = {}
    for username, name, role, at in people.PEOPLE:
        practice = None if at is None else practices[at]
        email = f"{username}@example.org"
        staff[username] = User.objects.create_user(username, email, people.PASSWORD, display_name=name, role=role, practice=practice)
    pool = Pool.objects.create(name=people.POOL)
    pool.members.set([staff[username] for username in people.POOL_MEMBERS])
    return staff, pool


# --- the dozen that the documentation shows -------------------------------------------------------------------------------


def _load_patient(case: people.DemoPatient, staff: dict[str, User], pool: Pool, seed: int) -> int:
    """Returns the next free seed, so that no two pictures are the same."""
    doctor = staff[case.doctor]
    patient = services.create_patient(
        actor=doctor,
        record_number=case.record_number,
        family_name=case.family_name,
        given_names=case.given_names,
        birth_date=case.birth_date,
        sex=case.sex,
        skin_type=case.skin_type,
    )
    _consent(doctor, patient)
    for plan in case.lesions:
        lesion = services.add_lesion(actor=doctor, patient=patient, site=_site(plan.site), laterality=plan.laterality, note=plan.note)
        for visit in range(plan.images):
            _add_drawing(doctor, lesion, drawing.draw_again(plan.look, seed, visit), VISITS_DAYS_AGO[-plan.images :][visit])
        seed += plan.images
        if plan.referred_to:
            target = pool if plan.referred_to == "pool" else staff[plan.referred_to]
            services.refer_lesion(actor=doctor, lesion=lesion, to=target, question=plan.question)
    return seed


def _consent(doctor: User, patient: Patient) -> None:
    for purpose in (Purpose.CARE, Purpose.TELECONSULTATION):
        services.give_consent(actor=doctor, patient=patient, purpose=purpose, given_on=timezone.localdate())


# --- the few hundred beside them ---------------------------------------------------------------------------------------------


def _load_crowd(staff: dict[str, User], pool: Pool) -> None:
    rng = np.random.default_rng(SEED)
    doctors = [person for person in staff.values() if person.role == Role.GP]
    album = {look: [_small(drawing.draw(look, 900 + number)) for number in range(DRAWINGS_OF_A_LOOK)] for look in drawing.LOOKS}
    lesions = []
    for number in range(crowd.CROWD):
        lesions += _load_one_of_crowd(doctors[number % len(doctors)], number, album, rng)
    chosen = [lesions[at] for at in rng.permutation(len(lesions))]
    dermatologists = [staff[username] for username in people.POOL_MEMBERS]
    histories.load_histories(chosen, dermatologists, pool, timezone.now(), rng)


def _small(drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(drawn, None, fx=CROWD_SCALE, fy=CROWD_SCALE, interpolation=cv2.INTER_AREA), np.uint8)


def _load_one_of_crowd(doctor: User, number: int, album: dict[str, list[NDArray[np.uint8]]], rng: Generator) -> list[tuple[Lesion, str]]:
    plan = crowd.invent(number, cast(Practice, doctor.practice).name[0], rng)
    patient = services.create_patient(
        actor=doctor,
        record_number=plan.record_number,
        family_name=plan.family_name,
        given_names=plan.given_names,
        birth_date=plan.birth_date,
        sex=plan.sex,
        skin_type=plan.skin_type,
        risk_factors=plan.risk_factors,
    )
    _consent(doctor, patient)
    return [(_load_lesion(doctor, patient, lesion, album, rng), lesion.look) for lesion in plan.lesions]


def _load_lesion(
    doctor: User, patient: Patient, plan: crowd.CrowdLesion, album: dict[str, list[NDArray[np.uint8]]], rng: Generator
) -> Lesion:
    lesion = services.add_lesion(actor=doctor, patient=patient, site=_site(plan.site), laterality=plan.laterality, symptoms=plan.symptoms)
    drawn = album[plan.look][rng.integers(DRAWINGS_OF_A_LOOK)]
    for visit in range(plan.visits):
        days_ago = int(rng.integers(0, 60)) + 120 * (plan.visits - 1 - visit)
        _add_drawing(doctor, lesion, drawing.held_otherwise(drawn, rng), days_ago)
    if plan.look in {"irregular", "pearly"}:
        signs = {sign: bool(rng.random() < 0.4) for sign in (*Checklist.MAJOR, *Checklist.MINOR)}
        Checklist.objects.create(lesion=lesion, by=doctor, **signs)
    return lesion


# --- what both share ------------------------------------------------------------------------------------------------------------


def _site(meaning: str) -> BodySite:
    return next(site for site in body_sites().values() if site.meaning == meaning)


def _add_drawing(doctor: User, lesion: Lesion, drawn: NDArray[np.uint8], days_ago: int) -> None:
    picture = ContentFile(encode(Pil.fromarray(drawn), JPEG))
    capture = CaptureFields("dermoscopic", "polarised", "contact", "gel", taken_on=timezone.localdate() - timedelta(days=days_ago))
    prepared = services.prepare_image(actor=doctor, lesion=lesion, upload=picture)
    image, _ = services.add_image(actor=doctor, lesion=lesion, prepared=prepared, capture=capture)
    Image.objects.filter(pk=image.pk).update(uploaded_at=timezone.now() - timedelta(days=days_ago))
