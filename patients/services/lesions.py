"""Lesions: added, changed, and asked about by the weighted 7-point checklist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from patients import audit
from patients import permissions as rules
from patients.models import Checklist, Lesion, Patient, User
from patients.services import versions
from patients.sites import BodySite
from skinclinic.errors import ClinicError

SIGNS = (*Checklist.MAJOR, *Checklist.MINOR)


def add_lesion(
    *,
    actor: User,
    patient: Patient,
    site: BodySite,
    laterality: str,
    first_noticed: date | None = None,
    first_noticed_roughly: bool = False,
    symptoms: list[str] | None = None,
    note: str = "",
) -> Lesion:
    rules.require(rules.can_add_lesions(actor))
    with transaction.atomic():
        owner = rules.get_for(
            actor, Patient.objects.select_for_update(no_key=True), patient.pk
        )  # two lesions at once must not share a number
        check_facts(born=owner.birth_date, site=site, laterality=laterality, first_noticed=first_noticed)
        last = owner.lesions.aggregate(last=Max("number"))["last"] or 0
        lesion = Lesion.objects.create(
            patient=owner,
            number=last + 1,
            **_coded(site),
            laterality=laterality,
            first_noticed=first_noticed,
            first_noticed_roughly=first_noticed_roughly,
            symptoms=symptoms or [],
            note=note,
            created_by=actor,
        )
        audit.record(actor=actor, action="lesion.create", obj=lesion)
    return lesion


def change_lesion(
    *,
    actor: User,
    lesion: Lesion,
    version: int,
    site: BodySite,
    laterality: str,
    first_noticed: date | None,
    first_noticed_roughly: bool,
    symptoms: list[str],
    note: str,
) -> Lesion:
    """`version` is that of the row which the page showed: what somebody else has changed since is never written over unseen."""
    rules.require(rules.can_edit_lesions(actor))
    with transaction.atomic():
        current = rules.get_for(actor, Lesion.objects.select_related("patient", "changed_by"), lesion.pk)
        check_facts(born=current.patient.birth_date, site=site, laterality=laterality, first_noticed=first_noticed)
        changes = _coded(site) | {
            "laterality": laterality,
            "first_noticed": first_noticed,
            "first_noticed_roughly": first_noticed_roughly,
            "symptoms": symptoms,
            "note": note,
        }
        changed = versions.save_changes(actor=actor, row=current, version=version, changes=changes)
        if changed:
            audit.record(actor=actor, action="lesion.change", obj=current, detail=versions.trace_of(current, changed))
    return current


def record_checklist(*, actor: User, lesion: Lesion, signs: Mapping[str, bool]) -> Checklist:
    """Every one of the seven signs is answered. The score is never taken from the page: it follows from the answers."""
    rules.require(rules.can_fill_checklist(actor))
    if set(signs) != set(SIGNS):
        raise ClinicError("incomplete_checklist", "Answer all seven questions: a sign nobody asked about is not a sign that is absent.")
    with transaction.atomic():
        seen = rules.get_for(actor, Lesion.objects.select_related("patient"), lesion.pk)
        checklist = Checklist.objects.create(lesion=seen, by=actor, **signs)
        audit.record(actor=actor, action="checklist.record", obj=checklist, patient=seen.patient)
    return checklist


def check_facts(*, born: date, site: BodySite, laterality: str, first_noticed: date | None) -> None:
    """What cannot be: a day before the birth or in the future, a side that the site's own code contradicts."""
    if message := impossible_day(born, first_noticed):
        raise ClinicError("impossible_date", message)
    if site.only_side and laterality != site.only_side:
        side = "left" if site.only_side == "L" else "right"
        raise ClinicError("wrong_side", f"This body site is one of the {side} side. Choose that side, or another site.")


def impossible_day(born: date, first_noticed: date | None) -> str:
    """Why nobody can have noticed it on this day, a sentence; empty when somebody can."""
    if first_noticed is None:
        return ""
    if first_noticed > timezone.localdate():
        return "This date is in the future. Check the year."
    return "This is before the patient was born. Check the year." if first_noticed < born else ""


def _coded(site: BodySite) -> dict[str, Any]:
    return {"site_code": site.code, "site_scheme": site.scheme, "site_meaning": site.meaning}
