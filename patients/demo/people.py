"""Whom and what the demonstration shows. Everybody here is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PASSWORD = "skinclinic-demo"  # noqa: S105 - printed on purpose; the command that uses it refuses to run on a real installation
PRACTICES = (
    ("Northgate Surgery", "4 Northgate\nAlderbridge AB1 2CD", "01632 960 104"),
    ("Southfield Practice", "71 Southfield Road\nAlderbridge AB3 4EF", "01632 960 271"),
    ("Praxis am Fluss", "Uferstraße 12\n12345 Musterstadt", "030 23125 118"),
)
POOL = "Dermatology on call"

# username, name, role, practice
PEOPLE = (
    ("ada", "Dr Ada Lindqvist", "GP", 0),
    ("ben", "Dr Ben Okafor", "GP", 0),
    ("cleo", "Dr Cleo Marchetti", "GP", 1),
    ("fay", "Dr Fay Oyelaran", "GP", 1),
    ("greta", "Dr. Greta Sommerfeld", "GP", 2),
    ("hakan", "Dr. Hakan Yıldız", "GP", 2),
    ("dana", "Dr Dana Petrova", "DERMATOLOGIST", None),
    ("emil", "Dr Emil Haas", "DERMATOLOGIST", None),
    ("jun", "Dr Jun Watanabe", "DERMATOLOGIST", None),
    ("ines", "Ines Duarte", "ADMIN", None),
    ("karl", "Karl Novák", "ADMIN", None),
    ("theo", "Theo Brandt", "", None),
)
POOL_MEMBERS = ("dana", "emil", "jun")


@dataclass(frozen=True)
class DemoLesion:
    look: str
    """A key of `drawing.LOOKS`."""
    site: str
    """A meaning of CID 4029."""
    laterality: str
    note: str = ""
    images: int = 1
    referred_to: str = ""
    """A username, or "pool"."""
    question: str = ""


@dataclass(frozen=True)
class DemoPatient:
    doctor: str
    record_number: str
    family_name: str
    given_names: str
    birth_date: date
    sex: str
    skin_type: int | None
    lesions: tuple[DemoLesion, ...] = ()


PATIENTS = (
    DemoPatient(
        "ada",
        "N-1001",
        "Ashworth",
        "Miriam",
        date(1958, 4, 12),
        "female",
        2,
        (
            DemoLesion(
                "irregular",
                "Skin of upper trunk",
                "U",
                "Has grown over six months, says her husband.",
                2,
                "dana",
                "New colours within a year. Excise?",
            ),
            DemoLesion("naevus", "Skin of anterior surface of forearm", "L", "Unchanged for years.", 2),
        ),
    ),
    DemoPatient(
        "ada", "N-1002", "Bianchi", "Paolo", date(1971, 11, 3), "male", 3, (DemoLesion("globular naevus", "Skin of abdomen", "U"),)
    ),
    DemoPatient(
        "ada",
        "N-1003",
        "Castellan",
        "Ruth",
        date(1946, 7, 29),
        "female",
        1,
        (DemoLesion("pearly", "Skin of cheek", "R", "Bleeds when washed.", 1, "pool", "Basal cell carcinoma? Next to the eye."),),
    ),
    DemoPatient("ada", "N-1004", "Demir", "Cem", date(1989, 2, 17), "male", 4, (DemoLesion("naevus", "Skin of back", "R"),)),
    DemoPatient(
        "ben",
        "N-1005",
        "Eriksen",
        "Solveig",
        date(1963, 9, 8),
        "female",
        1,
        (DemoLesion("waxy", "Skin of lower back", "L", "Feels rough."),),
    ),
    DemoPatient("ben", "N-1006", "Fofanah", "Isatu", date(1994, 12, 21), "female", 6, (DemoLesion("vascular", "Skin of lower lip", "U"),)),
    DemoPatient("ben", "N-1007", "Grigoriou", "Nikos", date(1952, 1, 30), "male", 3, (DemoLesion("waxy", "Skin of temporal region", "L"),)),
    DemoPatient("ben", "N-1008", "Hollis", "June", date(2001, 6, 5), "other", 2),
    DemoPatient(
        "cleo",
        "S-2001",
        "Ivanova",
        "Daria",
        date(1967, 3, 14),
        "female",
        2,
        (DemoLesion("irregular", "Skin of posterior surface of lower leg", "R", "", 1, "emil", "Please advise on urgency."),),
    ),
    DemoPatient("cleo", "S-2002", "Jansen", "Wim", date(1979, 10, 26), "male", 2, (DemoLesion("naevus", "Skin of neck", "L"),)),
    DemoPatient(
        "cleo",
        "S-2003",
        "Kaya",
        "Elif",
        date(1985, 8, 19),
        "female",
        4,
        (DemoLesion("globular naevus", "Skin of anterior surface of thigh", "R"),),
    ),
    DemoPatient("cleo", "S-2004", "Lefebvre", "Marc", date(1940, 5, 2), "male", None, (DemoLesion("pearly", "Skin of tip of nose", "U"),)),
)
