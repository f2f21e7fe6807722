"""Every word of a letter, one table a language. Numbered braces are filled in; the tables must agree in them (a test compares)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

Table = Mapping[str, str]


@dataclass(frozen=True)
class Words:
    language: str
    long_date: Callable[[date], str]
    month: Callable[[date], str]
    number: Callable[[str], str]
    """A figure as the language writes it: 0.8 or 0,8."""
    site: Callable[[str, str, str], str]
    """Key, meaning and laterality of a body site, in words."""

    # Names
    diagnosis: Table
    certainty: Table
    management: Table
    urgency: Table
    red_flag: Table
    symptom: Table
    sign: Table
    modality: Table

    # Every letter
    page: str
    phone: str
    reference: str
    date: str
    at: str
    none: str
    picture: str
    picture_unreadable: str
    pictures: str
    pictures_left_out: str
    machine_title: str
    draft: str

    # To the referrer
    to_referrer: str
    remote: str
    attention: str
    about: str
    born: str
    record: str
    body_site: str
    lesion: str
    first_noticed: str
    symptoms: str
    question: str
    asked_by: str
    sent: str
    urgency_label: str
    red_flags: str
    no_question: str
    checklist: str
    checklist_score: str
    checklist_urgent: str
    answer: str
    second_opinion: str
    blind: str
    not_blind: str
    diagnosis_label: str
    icd10: str
    certainty_label: str
    management_label: str
    follow_up: str
    no_answer: str
    replaces: str
    histology: str
    reported_on: str
    breslow: str
    machine_picture: str
    machine_alert: str
    machine_no_alert: str
    machine_unfamiliar: str
    machine_poor: str
    machine_models: str
    machine_note: str
    signed: str
    electronically: str

    # To the patient
    to_patient: str
    dear: str
    opening: str
    opening_without_pictures: str
    what_was_seen: str
    seen: Table
    """By certainty; {0} is the diagnosis in plain words."""
    plain: Table
    plain_other: str
    second_seen: Table
    differ: str
    tissue: str
    recommended: str
    advice: Table
    """By management; of follow_up {0} is the number of months and {1} the month. `differ` where two opinions recommend different things,
    `tissue` where the histology found something else."""
    come_back: str
    signs_to_come_back: tuple[str, ...]
    come_back_if: str
    replaces_letter: str
    machine_seen: Table
    """By outcome: alert, calm, nothing."""
    closing: str
    answered_by: str


def moment(words: Words, when: datetime) -> str:
    return words.at.format(words.long_date(when.date()), f"{when:%H:%M}")
