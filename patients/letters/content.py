"""What a letter is made of: plain values, so that letters know neither the database nor whoever analysed the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Address:
    name: str
    lines: tuple[str, ...] = ()
    phone: str = ""


@dataclass(frozen=True)
class Patient:
    given_names: str
    family_name: str
    birth_date: date
    record_number: str
    address: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spot:
    """Where on the skin, since when."""

    number: int
    site_key: str
    """Scheme and code, as in `patients.sites`."""
    site_meaning: str
    laterality: str
    first_noticed: date | None = None
    symptoms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    asked_by: str
    text: str
    urgency: str
    red_flags: tuple[str, ...] = ()
    sent_at: datetime | None = None
    """In local time, as all moments here."""


@dataclass(frozen=True)
class Checklist:
    """The weighted 7-point checklist."""

    signs: tuple[str, ...]
    score: int
    on: date


@dataclass(frozen=True)
class Picture:
    jpeg: bytes | None
    """None: its file cannot be read."""
    modality: str
    day: date


@dataclass(frozen=True)
class Opinion:
    """A signed answer."""

    diagnosis: str
    other_diagnosis: str
    icd10: str
    certainty: str
    management: str
    follow_up_months: int | None
    text: str
    signed_name: str
    signed_at: datetime
    replaces: tuple[tuple[str, datetime], ...] = ()
    """By whom and when the answers before it were signed, the latest first."""
    is_blind: bool | None = None
    """Of a second opinion: given without having seen the first; None: not known."""


@dataclass(frozen=True)
class Histology:
    diagnosis: str
    other_diagnosis: str
    breslow_mm: Decimal | None
    reported_on: date
    text: str


@dataclass(frozen=True)
class MachineFinding:
    """What a machine makes of one picture. Preliminary, always."""

    is_alert: bool
    p_malignant: float
    threshold: float
    diagnoses: tuple[tuple[str, float], ...]
    """The likeliest first, with their probabilities."""
    is_unfamiliar: bool
    """Unlike the pictures the models were validated on: its figures mean nothing."""
    is_poor: bool
    """Not good enough; better taken again."""
    models: tuple[str, ...]
    picture: int = 0
    """Its number in the letter, from 1, given when the letter is put together."""


@dataclass(frozen=True)
class Content:
    reference: str
    written_on: date
    practice: Address
    patient: Patient
    spot: Spot
    question: Question
    sender: str
    """The dermatologist, or the pool or dermatologist who was asked while nobody has taken the case."""
    checklist: Checklist | None = None
    pictures: tuple[Picture, ...] = ()
    pictures_left_out: int = 0
    answer: Opinion | None = None
    second: Opinion | None = None
    histology: Histology | None = None
    machine: tuple[MachineFinding, ...] = ()
