"""Fills an empty installation with the demonstration, through the same services that people use."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from django.core.files.base import ContentFile
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Pil

from patients import services
from patients.capture import CaptureFields
from patients.demo import drawing, people
from patients.files import file_transaction
from patients.intake.pixels import encode
from patients.intake.sniff import JPEG
from patients.models import Lesion, Pool, Practice, Purpose, User
from patients.sites import BodySite, body_sites

VISITS_DAYS_AGO = (280, 190, 95, 3)


def load_demo() -> bool:
    """True when the demonstration was loaded, False when it was there already."""
    if User.objects.filter(username=people.PEOPLE[0][0]).exists():
        return False
    with file_transaction():
        staff, pool = _staff()
        seed = 0
        for case in people.PATIENTS:
            seed = _load_patient(case, staff, pool, seed)
    return True


def _staff() -> tuple[dict[str, User], Pool]:
    practices = [Practice.objects.create(name=name) for name in people.PRACTICES]
    staff = {}
    for username, name, role, at in people.PEOPLE:
        practice = None if at is None else practices[at]
        email = f"{username}@example.org"
        staff[username] = User.objects.create_user(username, email, people.PASSWORD, display_name=name, role=role, practice=practice)
    pool = Pool.objects.create(name=people.POOL)
    pool.members.set([staff[username] for username in people.POOL_MEMBERS])
    return staff, pool


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
    for plan in case.lesions:
        lesion = services.add_lesion(actor=doctor, patient=patient, site=_site(plan.site), laterality=plan.laterality, note=plan.note)
        for visit in range(plan.images):
            _add_drawing(doctor, lesion, drawing.draw_again(plan.look, seed, visit), VISITS_DAYS_AGO[-plan.images :][visit])
        seed += plan.images
        if plan.referred_to:
            target = pool if plan.referred_to == "pool" else staff[plan.referred_to]
            if not services.has_consented(patient, Purpose.TELECONSULTATION):
                services.give_consent(actor=doctor, patient=patient, purpose=Purpose.TELECONSULTATION, given_on=timezone.localdate())
            services.refer_lesion(actor=doctor, lesion=lesion, to=target, question=plan.question)
    return seed


def _site(meaning: str) -> BodySite:
    return next(site for site in body_sites().values() if site.meaning == meaning)


def _add_drawing(doctor: User, lesion: Lesion, drawn: NDArray[np.uint8], days_ago: int) -> None:
    picture = ContentFile(encode(Pil.fromarray(drawn), JPEG))
    capture = CaptureFields("dermoscopic", "polarised", "contact", "gel", taken_on=timezone.localdate() - timedelta(days=days_ago))
    prepared = services.prepare_image(actor=doctor, lesion=lesion, upload=picture)
    services.add_image(actor=doctor, lesion=lesion, prepared=prepared, capture=capture)
