"""The two letters: to the patient in plain words, to the referrer in full."""

from __future__ import annotations

from datetime import date

from patients.letters.blocks import Block, Box, Bullets, Document, Facts, Figure, Figures, Heading, Paragraph, Signature
from patients.letters.content import Content, Histology, MachineFinding, Opinion
from patients.letters.english import ENGLISH
from patients.letters.german import GERMAN
from patients.letters.words import Words, moment

WORDS = {"en": ENGLISH, "de": GERMAN}
PATIENT_PICTURES = 2
"""A patient needs to see which spot is meant, no more."""
LIKELIEST = 3


# --- To the patient ------------------------------------------------------------------------------------------------------


def compose_patient(content: Content, language: str) -> Document:
    """Needs a signed answer: without one there is nothing to tell."""
    if content.answer is None:
        raise ValueError("A letter to a patient needs a signed answer.")
    words, patient = WORDS[language], content.patient
    name = f"{patient.given_names} {patient.family_name}"
    practice = content.practice
    head = (practice.name, *practice.lines, *([words.phone.format(practice.phone)] if practice.phone else []))
    return Document(
        language=language,
        title=f"{words.to_patient} ({content.reference})",
        author=practice.name,
        head=head,
        window=(name, *patient.address),
        details=((words.reference, content.reference), (words.date, words.long_date(content.written_on))),
        subject=words.to_patient,
        page=words.page,
        blocks=tuple(_patient_blocks(content, content.answer, words, name)),
    )


def _patient_blocks(content: Content, answer: Opinion, words: Words, name: str) -> list[Block]:
    seen: list[Block] = [Heading(words.what_was_seen), Paragraph(_seen(answer, words)), *_seen_later(content, answer, words)]
    pictures = content.pictures[:PATIENT_PICTURES]
    return [
        Paragraph(words.dear.format(name)),
        Paragraph(_opening(content, answer, words)),
        *([Paragraph(words.replaces_letter)] if answer.replaces else []),
        *seen,
        *([_figures(content, words, len(pictures))] if pictures else []),
        Heading(words.recommended),
        Paragraph(_advice(content, answer, words)),
        Heading(words.come_back),
        Paragraph(words.come_back_if),
        Bullets(words.signs_to_come_back),
        *([Box(words.machine_title, _machine_in_plain_words(content.machine, words))] if content.machine else []),
        Signature((words.closing, content.practice.name, words.answered_by.format(answer.signed_name, moment(words, answer.signed_at)))),
    ]


def _opening(content: Content, answer: Opinion, words: Words) -> str:
    spot = words.site(content.spot.site_key, content.spot.site_meaning, content.spot.laterality)
    signed = words.long_date(answer.signed_at.date())
    days = sorted({picture.day for picture in content.pictures})
    if not days:
        return words.opening_without_pictures.format(spot, answer.signed_name, signed)
    return words.opening.format(spot, answer.signed_name, ", ".join(map(words.long_date, days)), signed)


def _plain(found: Opinion | Histology, words: Words) -> str:
    return words.plain.get(found.diagnosis) or words.plain_other.format(found.other_diagnosis)


def _seen(answer: Opinion, words: Words) -> str:
    return words.seen[answer.certainty].format(_plain(answer, words))


def _seen_later(content: Content, answer: Opinion, words: Words) -> list[Block]:
    """A second opinion and the histology: a letter that kept quiet about them would be wrong."""
    said: list[Block] = []
    if second := content.second:
        said.append(Paragraph(words.second_seen[second.certainty].format(second.signed_name, _plain(second, words))))
        said += [Paragraph(words.differ)] if _named(second) != _named(answer) else []
    if tissue := content.histology:
        said.append(Paragraph(words.tissue.format(words.long_date(tissue.reported_on), _plain(tissue, words))))
    return said


def _named(found: Opinion | Histology) -> tuple[str, str]:
    return found.diagnosis, found.other_diagnosis.strip().lower()


def _advice(content: Content, answer: Opinion, words: Words) -> str:
    """What the answer recommends, unless something that was found out since speaks against following it without asking."""
    if content.histology and _named(content.histology) != _named(answer):
        return words.advice["tissue"]
    if content.second and content.second.management != answer.management:
        return words.advice["differ"]
    months = answer.follow_up_months or 0
    return words.advice[answer.management].format(months, words.month(_months_later(answer.signed_at.date(), months)))


def _months_later(day: date, months: int) -> date:
    """The first of the month that many months on: letters name months."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _machine_in_plain_words(findings: tuple[MachineFinding, ...], words: Words) -> tuple[str, ...]:
    told = [finding for finding in findings if not finding.is_unfamiliar]
    outcome = "nothing" if not told else "alert" if any(finding.is_alert for finding in told) else "calm"
    return words.machine_seen[outcome], words.machine_seen["end"]


# --- To the referrer -----------------------------------------------------------------------------------------------------


def compose_referrer(content: Content, language: str) -> Document:
    """In full. Without a signed answer it is a draft, and every page says so."""
    words, practice = WORDS[language], content.practice
    return Document(
        language=language,
        title=f"{words.to_referrer} ({content.reference})",
        author=content.sender,
        head=(content.answer.signed_name if content.answer else content.sender, words.remote),
        window=(practice.name, words.attention.format(content.question.asked_by), *practice.lines),
        details=((words.reference, content.reference), (words.date, words.long_date(content.written_on))),
        subject=words.to_referrer,
        page=words.page,
        stamp="" if content.answer else words.draft,
        blocks=tuple(_referrer_blocks(content, words)),
    )


def _referrer_blocks(content: Content, words: Words) -> list[Block]:
    """The answer first: it is what the letter is opened for."""
    return [
        _about(content, words),
        *_answer(content, words),
        *(_opinion(words.second_opinion, content.second, words) if content.second else []),
        *_signatures(content, words),
        *(_histology(content.histology, words) if content.histology else []),
        *_question(content, words),
        *_checklist(content, words),
        *_pictures(content, words),
        *([Box(words.machine_title, _machine(content.machine, words))] if content.machine else []),
    ]


def _about(content: Content, words: Words) -> Block:
    patient, spot = content.patient, content.spot
    name = f"{patient.family_name}, {patient.given_names}"
    site = words.site(spot.site_key, spot.site_meaning, spot.laterality)
    rows = [
        (words.about, words.born.format(name, words.long_date(patient.birth_date))),
        (words.record, patient.record_number),
        (words.body_site, words.lesion.format(spot.number, site)),
    ]
    if spot.first_noticed:
        rows.append((words.first_noticed, words.month(spot.first_noticed)))
    if spot.symptoms:
        rows.append((words.symptoms, ", ".join(words.symptom[symptom] for symptom in spot.symptoms)))
    return Facts(tuple(rows))


def _question(content: Content, words: Words) -> list[Block]:
    asked = content.question
    rows = [(words.asked_by, asked.asked_by), (words.urgency_label, words.urgency[asked.urgency])]
    if asked.sent_at:
        rows.insert(1, (words.sent, moment(words, asked.sent_at)))
    if asked.red_flags:
        rows.append((words.red_flags, "; ".join(words.red_flag[flag] for flag in asked.red_flags)))
    return [Heading(words.question), Paragraph(asked.text or words.no_question), Facts(tuple(rows))]


def _checklist(content: Content, words: Words) -> list[Block]:
    if not (answered := content.checklist):
        return []
    score = words.checklist_score.format(answered.score, words.long_date(answered.on))
    signs = Bullets(tuple(words.sign[sign] for sign in answered.signs)) if answered.signs else Paragraph(words.none)
    return [Heading(words.checklist), Paragraph(f"{score} {words.checklist_urgent}"), signs]


def _pictures(content: Content, words: Words) -> list[Block]:
    if not content.pictures:
        return []
    older = [Paragraph(words.pictures_left_out.format(content.pictures_left_out), is_quiet=True)] if content.pictures_left_out else []
    return [Heading(words.pictures), _figures(content, words, len(content.pictures)), *older]


def _figures(content: Content, words: Words, count: int) -> Figures:
    named = enumerate(content.pictures[:count], start=1)
    return Figures(
        tuple(
            Figure(one.jpeg, words.picture.format(number, words.modality[one.modality], words.long_date(one.day)), words.picture_unreadable)
            for number, one in named
        )
    )


def _answer(content: Content, words: Words) -> list[Block]:
    if content.answer is None:
        return [Heading(words.answer), Paragraph(words.no_answer)]
    return _opinion(words.answer, content.answer, words)


def _opinion(title: str, opinion: Opinion, words: Words) -> list[Block]:
    managed = words.management[opinion.management]
    if opinion.follow_up_months:
        managed = words.follow_up.format(managed, opinion.follow_up_months)
    rows = (
        (words.diagnosis_label, opinion.other_diagnosis or words.diagnosis[opinion.diagnosis]),
        (words.icd10, opinion.icd10),
        (words.certainty_label, words.certainty[opinion.certainty]),
        (words.management_label, managed),
    )
    known = [] if opinion.is_blind is None else [Paragraph(words.blind if opinion.is_blind else words.not_blind, is_quiet=True)]
    replaced = [Paragraph(words.replaces.format(name, moment(words, when)), is_quiet=True) for name, when in opinion.replaces]
    return [Heading(title), Facts(rows), *([Paragraph(opinion.text)] if opinion.text.strip() else []), *known, *replaced]


def _histology(found: Histology, words: Words) -> list[Block]:
    rows = [
        (words.diagnosis_label, found.other_diagnosis or words.diagnosis[found.diagnosis]),
        (words.reported_on, words.long_date(found.reported_on)),
    ]
    if found.breslow_mm is not None:
        rows.append((words.breslow, f"{words.number(str(found.breslow_mm))} mm"))
    return [Heading(words.histology), Facts(tuple(rows)), *([Paragraph(found.text)] if found.text.strip() else [])]


def _machine(findings: tuple[MachineFinding, ...], words: Words) -> tuple[str, ...]:
    models = dict.fromkeys(model for finding in findings for model in finding.models)
    lines = [words.machine_picture.format(finding.picture, _finding(finding, words)) for finding in findings]
    return (*lines, *([words.machine_models.format(", ".join(models))] if models else []), words.machine_note)


def _finding(finding: MachineFinding, words: Words) -> str:
    poor = words.machine_poor if finding.is_poor else ""
    if finding.is_unfamiliar:
        return words.machine_unfamiliar + poor
    sentence = words.machine_alert if finding.is_alert else words.machine_no_alert
    likeliest = [f"{words.diagnosis.get(label, label)} {_percent(p, words)}" for label, p in finding.diagnoses[:LIKELIEST]]
    return sentence.format(_percent(finding.p_malignant, words), _percent(finding.threshold, words), "; ".join(likeliest)) + poor


def _percent(share: float, words: Words) -> str:
    return f"{words.number(f'{100 * share:.1f}')} %"


def _signatures(content: Content, words: Words) -> list[Block]:
    signed = [opinion for opinion in (content.answer, content.second) if opinion]
    lines = tuple(words.signed.format(opinion.signed_name, moment(words, opinion.signed_at)) for opinion in signed)
    return [Signature((*lines, words.electronically))] if lines else []
