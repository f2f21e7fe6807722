"""The people of every test, and two of everything else.

Ada and Ben are GPs of practice North, Cleo of practice South, Dana and Emil are dermatologists (Emil alone in the pool), Ines is the
admin, Theo has an account and no role. Passwords are the log-in names.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from patients.models import Case, Image, Lesion, Patient, Pool, Practice, Role, User
from tests.factories import make_case, make_consent, make_image, make_lesion, make_patient, make_user


@dataclass(frozen=True)
class Cast:
    """In the north: a patient with two lesions, the first waiting for Dana, the second for Emil's pool; another patient with a lesion
    nobody has been asked about. In the south: one of each."""

    north: Practice
    south: Practice
    ada: User
    ben: User
    cleo: User
    dana: User
    emil: User
    ines: User
    theo: User
    pool: Pool
    patient: Patient
    other_patient: Patient
    southern_patient: Patient
    lesion: Lesion
    pooled_lesion: Lesion
    southern_lesion: Lesion
    free_lesion: Lesion
    free_image: Image
    case: Case
    pooled_case: Case
    image: Image
    pooled_image: Image
    southern_image: Image

    @property
    def people(self) -> dict[str, User]:
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, User)}


def build_cast() -> Cast:
    north, south = Practice.objects.create(name="North"), Practice.objects.create(name="South")
    ada = make_user("ada", role=Role.GP, practice=north)
    ben = make_user("ben", role=Role.GP, practice=north)
    cleo = make_user("cleo", role=Role.GP, practice=south)
    dana, emil = make_user("dana", role=Role.DERMATOLOGIST), make_user("emil", role=Role.DERMATOLOGIST)
    pool = Pool.objects.create(name="Moles")
    pool.members.add(emil)
    patient = make_patient(north, created_by=ada, family_name="Archer", given_names="Nell", record_number="N1")
    other = make_patient(north, created_by=ben, family_name="Bell", given_names="Otto", record_number="N2")
    southern = make_patient(south, created_by=cleo, family_name="Clay", given_names="Pia", record_number="S1")
    lesion, pooled, southern_lesion = make_lesion(patient), make_lesion(patient), make_lesion(southern)
    free = make_lesion(other)
    for person in (patient, other, southern):
        make_consent(person)
    case, pooled_case = make_case(lesion, to_user=dana), make_case(pooled, to_pool=pool)
    return Cast(
        north=north,
        south=south,
        ada=ada,
        ben=ben,
        cleo=cleo,
        dana=dana,
        emil=emil,
        ines=make_user("ines", role=Role.ADMIN),
        theo=make_user("theo"),
        pool=pool,
        patient=patient,
        other_patient=other,
        southern_patient=southern,
        lesion=lesion,
        pooled_lesion=pooled,
        southern_lesion=southern_lesion,
        free_lesion=free,
        free_image=make_image(free),
        case=case,
        pooled_case=pooled_case,
        image=make_image(lesion),
        pooled_image=make_image(pooled),
        southern_image=make_image(southern_lesion),
    )
