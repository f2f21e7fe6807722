"""A few hundred patients beside the dozen of `people`: invented by a generator that always invents the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from numpy.random import Generator

from patients.models import RiskFactor, Symptom

CROWD = 240
FAMILY_NAMES = (
    "Abbott", "Açıkgöz", "Ahlberg", "Bauer", "Becker", "Benedetti", "Bergström", "Bławat", "Brandão", "Çelik", "Cermák",
    "Chaudhry", "Cooper",
    "D'Angelo", "Dąbrowska", "Doherty", "Dvořák", "Eklund", "El-Masri", "Fischer", "Fitzgerald", "Fontaine", "García", "Gösling", "Haddad",
    "Hansen", "Hofmann", "Horvat", "Iqbal", "Jäger", "Janković", "Kamau", "Keller", "Kowalczyk", "Köhler", "Lange", "Larsen",
    "Lê", "Lindner",
    "Mac Carthy", "Marković", "Martínez", "Meyer", "Müller", "Nakamura", "Nguyễn", "O'Brien", "Okonkwo", "Öztürk", "Papadopoulos", "Patel",
    "Peeters", "Quinn", "Reinhardt", "Ribeiro", "Rossi", "Sánchez", "Schäfer", "Schmidt", "Schulze-Boysen", "Şahin", "Smith", "Søndergaard",
    "Tamm", "Thompson", "Tóth", "Urbański", "van den Berg", "Vogel", "Wagner", "Weiß", "Williams", "Wójcik", "Yamada",
    "Zimmermann", "Žukauskas",
)  # fmt: skip
GIVEN_NAMES = {
    "female": (
        "Agnieszka", "Aisha", "Anna Lena", "Beatriz", "Chloé", "Dilek", "Elena", "Eszter", "Fatma", "Grace", "Hanna", "Ingrid",
        "Jana", "Kateřina",
        "Laura", "Lucía", "Maeve", "Marie-Luise", "Noémie", "Olga", "Priya", "Renate", "Siobhán", "Sofia", "Thảo", "Ursula", "Yuki", "Zoë",
    ),
    "male": (
        "Ahmed", "André", "Björn", "Carlos", "Cillian", "Dragan", "Emre", "Felix", "François", "Georgios", "Hans-Peter", "Igor",
        "Jakub", "James",
        "Kenji", "Łukasz", "Mateo", "Mehmet", "Niklas", "Oisín", "Paweł", "Rashid", "Søren", "Thomas", "Uwe", "Viktor", "William", "Zoltán",
    ),
}  # fmt: skip
SITES = (
    ("Skin of back", "LR"), ("Skin of upper trunk", "U"), ("Skin of abdomen", "LR"), ("Skin of cheek", "LR"), ("Skin of forehead", "U"),
    ("Skin of tip of nose", "U"), ("Skin of neck", "LR"), ("Skin of anterior surface of forearm", "LR"), ("Skin of lower back", "LR"),
    ("Skin of posterior surface of upper arm", "LR"), ("Skin of anterior surface of thigh", "LR"), ("Skin of helix of ear", "LR"),
    ("Skin of posterior surface of lower leg", "LR"), ("Skin of temporal region", "LR"), ("Skin of vertex of scalp", "U"),
    ("Skin of part of dorsal surface of hand", "LR"), ("Skin of lateral border of sole of foot", "LR"), ("Skin of buttock", "LR"),
)  # fmt: skip
LOOKS = ("naevus", "naevus", "globular naevus", "naevus", "waxy", "waxy", "irregular", "pearly", "vascular")
"""As often as a practice sees them, roughly: mostly moles."""
DIAGNOSIS_OF = {"naevus": "NV", "globular naevus": "NV", "waxy": "BKL", "irregular": "MEL", "pearly": "BCC", "vascular": "VASC"}


@dataclass(frozen=True)
class CrowdLesion:
    look: str
    site: str
    laterality: str
    visits: int
    symptoms: list[str]


@dataclass(frozen=True)
class CrowdPatient:
    record_number: str
    family_name: str
    given_names: str
    birth_date: date
    sex: str
    skin_type: int
    risk_factors: list[str]
    lesions: tuple[CrowdLesion, ...]


def invent(number: int, prefix: str, rng: Generator) -> CrowdPatient:
    sex = str(rng.choice(["female", "male"]))
    return CrowdPatient(
        record_number=f"{prefix}-{3000 + number}",
        family_name=str(rng.choice(FAMILY_NAMES)),
        given_names=str(rng.choice(GIVEN_NAMES[sex])),
        birth_date=date(1932, 1, 1) + timedelta(days=int(rng.integers(0, 75 * 365))),
        sex=sex,
        skin_type=int(rng.choice(range(1, 7), p=[0.12, 0.33, 0.3, 0.13, 0.07, 0.05])),
        risk_factors=[str(factor) for factor in RiskFactor.values if rng.random() < 0.08],
        lesions=tuple(_lesion(rng) for _ in range(int(rng.choice([1, 2, 3, 5], p=[0.62, 0.26, 0.08, 0.04])))),
    )


def _lesion(rng: Generator) -> CrowdLesion:
    site, sides = SITES[rng.integers(len(SITES))]
    symptoms = [str(symptom) for symptom in Symptom.values if rng.random() < 0.1]
    return CrowdLesion(
        str(rng.choice(LOOKS)), site, str(rng.choice(list(sides))), int(rng.choice([1, 2, 3], p=[0.75, 0.2, 0.05])), symptoms
    )
