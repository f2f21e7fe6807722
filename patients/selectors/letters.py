"""What a letter about a case is made of, from the records."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from PIL import Image as Pil

from patients.files import open_stored
from patients.letters import content as letter
from patients.models import Answer, Case, Image, Practice
from skinclinic.errors import ClinicError

MAX_PICTURES = 6
"""The newest: three rows of two. The others are counted."""
PICTURE_SIDE_PX = 1000
"""On paper 77 mm wide: 330 dots per inch."""

CASES = Case.objects.select_related("lesion__patient__practice", "by", "to_user", "to_pool", "claimed_by")


def letter_content(case: Case, machine: Mapping[UUID, letter.MachineFinding]) -> letter.Content:
    """`case` from `CASES`; `machine` by the keys of the pictures."""
    patient = case.lesion.patient
    images = list(case.lesion.images.order_by("-uploaded_at", "id"))
    shown = images[:MAX_PICTURES]
    return letter.Content(
        reference=case.reference,
        written_on=timezone.localdate(),
        practice=_practice(patient.practice),
        patient=letter.Patient(
            given_names=patient.given_names,
            family_name=patient.family_name,
            birth_date=patient.birth_date,
            record_number=patient.record_number,
            address=_lines(patient.address),
        ),
        spot=_spot(case),
        question=_question(case),
        sender=str(case.claimed_by or case.target),
        checklist=_checklist(case),
        pictures=tuple(letter.Picture(_small(image), image.modality, image.day) for image in shown),
        pictures_left_out=len(images) - len(shown),
        answer=_opinion(case, is_second=False),
        second=_opinion(case, is_second=True),
        histology=_histology(case),
        machine=tuple(replace(machine[image.pk], picture=number) for number, image in enumerate(shown, start=1) if image.pk in machine),
    )


def _lines(address: str) -> tuple[str, ...]:
    return tuple(line for line in (line.strip() for line in address.splitlines()) if line)


def _practice(practice: Practice) -> letter.Address:
    return letter.Address(practice.name, _lines(practice.address), practice.phone)


def _spot(case: Case) -> letter.Spot:
    lesion = case.lesion
    return letter.Spot(
        number=lesion.number,
        site_key=f"{lesion.site_scheme}:{lesion.site_code}",
        site_meaning=lesion.site_meaning,
        laterality=lesion.laterality,
        first_noticed=lesion.first_noticed,
        symptoms=tuple(lesion.symptoms),
    )


def _question(case: Case) -> letter.Question:
    sent_at = timezone.localtime(case.sent_at) if case.sent_at else None
    return letter.Question(str(case.by), case.question.strip(), case.urgency, tuple(case.red_flags), sent_at)


def _checklist(case: Case) -> letter.Checklist | None:
    newest = case.lesion.checklists.first()
    if newest is None:
        return None
    signs = tuple(sign for sign in (*newest.MAJOR, *newest.MINOR) if getattr(newest, sign))
    return letter.Checklist(signs, newest.score, timezone.localdate(newest.at))


def _opinion(case: Case, *, is_second: bool) -> letter.Opinion | None:
    """The signed answer that counts, and those it replaced."""
    signed: list[Answer] = list(case.answers.filter(is_second=is_second).order_by("-signed_at"))
    if not signed:
        return None
    current, *replaced = signed
    return letter.Opinion(
        diagnosis=current.diagnosis,
        other_diagnosis=current.other_diagnosis,
        icd10=current.icd10,
        certainty=current.certainty,
        management=current.management,
        follow_up_months=current.follow_up_months,
        text=current.text,
        signed_name=current.signed_name,
        signed_at=timezone.localtime(current.signed_at),
        is_blind=current.is_blind,
        replaces=tuple((answer.signed_name, timezone.localtime(answer.signed_at)) for answer in replaced),
    )


def _histology(case: Case) -> letter.Histology | None:
    """What was found since the case was begun; what is older belongs to another story."""
    found = case.lesion.histologies.filter(Q(case=case) | Q(at__gte=case.created_at)).first()
    if found is None:
        return None
    return letter.Histology(found.diagnosis, found.other_diagnosis, found.breslow_mm, found.reported_on, found.text)


def _small(image: Image) -> bytes | None:
    """Small enough to be sent by mail. A letter is still a letter when a file is damaged."""
    try:
        with open_stored(image.display) as file, Pil.open(file) as picture:
            small = picture.convert("RGB")
    except (ClinicError, OSError, ValueError):
        return None
    small.thumbnail((PICTURE_SIDE_PX, PICTURE_SIDE_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
