"""Letters: what they say to whom, in both languages, and what becomes of it on paper."""

from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.letters import WORDS, Fonts, compose_patient, compose_referrer, render
from patients.letters.blocks import Box, Document, Figures, texts
from patients.letters.german_sites import SITES
from patients.models import Certainty, Diagnosis, Laterality, Management, Modality, RedFlag, Symptom, Urgency
from patients.models import Checklist as ChecklistModel
from patients.services.letters import find_fonts
from patients.sites import body_sites
from tests.patients.letter_content import ANSWER, CONTENT, FINDINGS, HISTOLOGY, SECOND
from tests.pdf import pages, properties

LANGUAGES = list(WORDS)
ALONE = replace(CONTENT, second=None, histology=None)
UNSIGNED = replace(ALONE, answer=None)


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return find_fonts()


def said(document: Document) -> str:
    return "\n".join(texts(document))


def read(document: Document, fonts: Fonts) -> str:
    """What stands on the pages, with the line breaks of the page taken out."""
    return " ".join("\n".join(pages(render(document, fonts))).split())


# --- Words ----------------------------------------------------------------------------------------------------------------


def shape(value: Any) -> Any:
    """The keys and the places that are filled in."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, tuple):
        return len(value)
    return sorted({name for _, name, _, _ in string.Formatter().parse(value) if name}) if isinstance(value, str) else None


def test_the_languages_say_the_same_things() -> None:
    english, german = (asdict(words) for words in WORDS.values())
    assert {name: shape(value) for name, value in english.items()} == {name: shape(value) for name, value in german.items()}


def test_the_languages_are_not_the_same() -> None:
    same = {"language", "icd10", "number", "site", "month", "long_date"}
    for field in fields(WORDS["en"]):
        if field.name not in same:
            assert getattr(WORDS["en"], field.name) != getattr(WORDS["de"], field.name), field.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_the_records_may_say_has_words(language: str) -> None:
    words = WORDS[language]
    assert set(words.diagnosis) == set(Diagnosis.values)
    assert set(words.plain) == set(Diagnosis.values) - {"OTHER"}
    assert set(words.certainty) == set(words.seen) == set(words.second_seen) == set(Certainty.values)
    assert set(words.management) == set(Management.values)
    assert set(words.advice) == {*Management.values, "differ", "tissue"}
    assert set(words.urgency) == set(Urgency.values)
    assert set(words.red_flag) == set(RedFlag.values)
    assert set(words.symptom) == set(Symptom.values)
    assert set(words.modality) == set(Modality.values)
    assert set(words.sign) == {*ChecklistModel.MAJOR, *ChecklistModel.MINOR}


def test_every_body_site_has_a_german_name_of_its_own() -> None:
    assert set(SITES) == set(body_sites())
    assert len(set(SITES.values())) == len(SITES)
    assert all(name.strip() and not name.startswith("Skin") for name in SITES.values())


@pytest.mark.parametrize(("language", "side", "expected"), [("de", "L", "Wange, links"), ("de", "U", "Wange"), ("en", "R", "Cheek, right")])
def test_a_site_has_its_side(language: str, side: str, expected: str) -> None:
    assert side in Laterality.values
    assert WORDS[language].site("SCT:36141000", "Skin of cheek", side) == expected


def test_a_site_of_another_edition_keeps_its_name() -> None:
    assert WORDS["de"].site("SCT:1", "Skin of somewhere", "L") == "Somewhere, links"


# --- To the patient -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("diagnosis", Diagnosis.values)
@pytest.mark.parametrize("certainty", Certainty.values)
def test_a_patient_reads_plain_words_and_no_figures_of_probability(language: str, diagnosis: str, certainty: str) -> None:
    other = "Spitz-Nävus" if diagnosis == "OTHER" else ""
    answer = replace(ANSWER, diagnosis=diagnosis, certainty=certainty, other_diagnosis=other)
    letter = said(compose_patient(replace(ALONE, answer=answer), language))
    assert "%" not in letter
    assert "D22" not in letter
    assert "0.4" not in letter
    assert "{" not in letter
    assert WORDS[language].seen[certainty].split("{")[0] in letter
    assert (other or WORDS[language].plain[diagnosis]) in letter


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("management", Management.values)
def test_a_patient_reads_what_is_recommended_and_when_to_come_back(language: str, management: str) -> None:
    months = 3 if management == "follow_up" else None
    letter = said(compose_patient(replace(ALONE, answer=replace(ANSWER, management=management, follow_up_months=months)), language))
    assert WORDS[language].advice[management].split("{")[0] in letter
    assert all(sign in letter for sign in WORDS[language].signs_to_come_back)
    if months:
        assert {"en": "in 3 months, around February 2027", "de": "in 3 Monaten wieder ansehen, etwa im Februar 2027"}[language] in letter


def test_a_patient_is_not_written_to_without_a_signed_answer() -> None:
    with pytest.raises(ValueError, match="signed answer"):
        compose_patient(UNSIGNED, "en")


def test_what_the_dermatologist_wrote_to_the_referrer_is_not_in_the_patients_letter() -> None:
    assert "Netzwerk" not in said(compose_patient(ALONE, "de"))


def test_a_histology_that_found_something_else_overrules_the_advice() -> None:
    reassured = replace(ANSWER, management="reassure", follow_up_months=None)
    letter = said(compose_patient(replace(ALONE, answer=reassured, histology=HISTOLOGY), "en"))
    assert "It is a melanoma" in letter
    assert "Nothing has to be done" not in letter
    assert "follows from the result of the tissue" in letter


def test_a_histology_that_agrees_leaves_the_advice() -> None:
    letter = said(compose_patient(replace(ALONE, histology=replace(HISTOLOGY, diagnosis="NV", breslow_mm=None)), "en"))
    assert "in 3 months" in letter


def test_opinions_that_recommend_different_things_send_the_patient_to_the_practice() -> None:
    letter = said(compose_patient(replace(ALONE, second=SECOND), "en"))
    assert "Dr Emil Groß, thinks it possible that it is a melanoma" in letter
    assert "The two opinions differ. We will talk" in letter
    assert "in 3 months" not in letter


def test_a_second_opinion_that_agrees_changes_nothing() -> None:
    letter = said(compose_patient(replace(ALONE, second=replace(ANSWER, signed_name="Dr Emil Groß", replaces=())), "en"))
    assert "opinions differ" not in letter
    assert "in 3 months" in letter


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        (FINDINGS, "at least one of them"),
        ((replace(FINDINGS[0], is_alert=False),), "none of them"),
        (FINDINGS[1:], "could not judge"),
    ],
)
def test_the_machine_speaks_to_a_patient_in_a_box_and_without_figures(findings: Any, sentence: str) -> None:
    (box,) = (block for block in compose_patient(replace(ALONE, machine=findings), "en").blocks if isinstance(block, Box))
    assert box.title == "Preliminary, machine-made; not a diagnosis"
    assert sentence in box.lines[0]


# --- To the referrer ------------------------------------------------------------------------------------------------------


def test_a_referrer_reads_everything() -> None:
    letter = said(compose_referrer(CONTENT, "en"))
    for part in [
        "Wałęsa-Gößmann, Zoë Şükran, born 17 May 1970", "N-1001", "Lesion 2: Cheek, left", "August 2025", "itches, grows",
        "Ist das noch harmlos?", "Dr Ada Müller", "Soon", "Grew within weeks", "18 November 2026, 10:00",
        "3 of 10 points", "Change in size", "Inflammation",
        "Picture 1: Dermoscopic picture, 18 November 2026", "cannot be read", "not shown here: 2",
        "Melanocytic naevus", "D22.3", "Probable", "Follow up, in 3 months", "Regelmäßiges Netzwerk",
        "replaces the one signed by Dr Łucja Şahin-Čapek on 19 November 2026, 09:30",
        "Second opinion", "C43.3", "Possible", "Excise", "Randbetonte Globuli.",
        "1 December 2026", "0.80 mm", "pT1b, R0.",
        "Picture 1: alert: 42.1 % malignant (alert from 20.0 %). Likeliest: Melanoma 39.0 %; Melanocytic naevus 50.0 %",
        "Picture 2: unlike the pictures", "better taken again", "classification-x",
        "Signed by Dr Łucja Şahin-Čapek on 20 November 2026, 14:05", "Signed by Dr Emil Groß on 21 November 2026, 08:00",
    ]:  # fmt: skip
        assert part in letter, part


def test_dates_and_figures_follow_the_language() -> None:
    letter = said(compose_referrer(CONTENT, "de"))
    for part in ["geboren am 17. Mai 1970", "0,80 mm", "42,1 %", "20. November 2026, 14:05 Uhr", "Läsion 2: Wange, links"]:
        assert part in letter


def test_an_unfamiliar_picture_has_no_figures() -> None:
    letter = said(compose_referrer(replace(CONTENT, machine=FINDINGS[1:]), "en"))
    assert "1.0 %" not in letter
    assert "99.0" not in letter


def test_whatever_the_machine_says_is_in_the_box() -> None:
    boxed = {line for block in compose_referrer(CONTENT, "en").blocks if isinstance(block, Box) for line in block.lines}
    outside = set(texts(compose_referrer(CONTENT, "en"))) - boxed
    assert not any("malignant" in line or "classification-x" in line for line in outside)
    assert not any(isinstance(block, Box) for block in compose_referrer(replace(CONTENT, machine=()), "en").blocks)


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    bare = replace(UNSIGNED, checklist=None, pictures=(), pictures_left_out=0, machine=())
    letter = said(compose_referrer(replace(bare, question=replace(bare.question, text="", red_flags=(), sent_at=None)), "en"))
    for part in ("checklist", "Pictures", "Red flags", "Sent", "None", "Second", "Histology"):
        assert part not in letter
    assert "No question in words" in letter


# --- On paper -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_says_what_was_composed(fonts: Fonts, language: str) -> None:
    for document in (compose_patient(CONTENT, language), compose_referrer(CONTENT, language)):
        written = read(document, fonts)
        for text in texts(document):
            assert " ".join(text.split()) in written, text


def test_an_uncompressed_pdf_says_the_same(fonts: Fonts) -> None:
    document = compose_patient(ALONE, "de")
    assert pages(render(document, fonts, is_compressed=False)) == pages(render(document, fonts))


def test_a_draft_says_so_on_every_page_and_a_signed_letter_nowhere(fonts: Fonts) -> None:
    long = replace(UNSIGNED, question=replace(CONTENT.question, text="Wort " * 1500))
    written = pages(render(compose_referrer(long, "en"), fonts))
    assert len(written) > 2
    assert all("DRAFT – no signed answer" in page for page in written)
    assert "DRAFT" not in read(compose_referrer(CONTENT, "en"), fonts)
    assert "ENTWURF" in read(compose_referrer(UNSIGNED, "de"), fonts)


def test_pages_are_numbered_and_carry_the_reference(fonts: Fonts) -> None:
    written = pages(render(compose_referrer(CONTENT, "de"), fonts))
    for number, page in enumerate(written, start=1):
        assert f"Seite {number} von {len(written)}" in page
        assert "1A2B3C4D" in page


def test_the_file_says_what_it_is_without_naming_the_patient(fonts: Fonts) -> None:
    for document in (compose_patient(CONTENT, "de"), compose_referrer(CONTENT, "de")):
        found = properties(render(document, fonts))
        assert found["Lang"] == "de"
        assert "1A2B3C4D" in found["Title"]
        assert found["Author"] in {"Hausarztpraxis Nordstraße", "Dr Łucja Şahin-Čapek"}
        assert not any(name in value for value in found.values() for name in ("Wałęsa", "Zoë", "1970", "N-1001", "Wange"))


LONG = {
    "words": "Wort " * 1000,
    "one word": "x" * 5000,
    "lines": "Zeile\n" * 833,
    "markup": "<b>fett</b> & <para> ]]> <br/> {0} %s " * 100,
    "signs": "ąćęłńóśźż ÄÖÜß şğı čřžý €µ≤ " * 150,
    "not printable": "a\x00b\x0bc\u202ed\ufeff" * 500,
    "unknown to the font": "漢字😀" * 1000,
}


@pytest.mark.parametrize("name", LONG)
def test_long_and_odd_texts_stay_on_the_page(fonts: Fonts, name: str) -> None:
    text = LONG[name][:5000]
    answer = replace(ANSWER, text=text, signed_name="Dr " + "Langername" * 19, other_diagnosis=text[:200], diagnosis="OTHER")
    practice = replace(CONTENT.practice, name="Praxis " * 17, lines=tuple(["Zeile " * 8] * 6), phone="1" * 40)
    content = replace(CONTENT, answer=answer, practice=practice, question=replace(CONTENT.question, text=text[:2000]))
    for document in (compose_referrer(content, "de"), compose_patient(content, "en")):
        written = read(document, fonts)
        assert "1A2B3C4D" in written
    assert len(pages(render(compose_referrer(content, "de"), fonts))) < 30


def test_markup_is_text(fonts: Fonts) -> None:
    content = replace(CONTENT, answer=replace(ANSWER, text="<b>5 < 6</b> & so on"))
    assert "<b>5 < 6</b> & so on" in read(compose_referrer(content, "en"), fonts)


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=300), st.text(min_size=1, max_size=120))
def test_no_text_breaks_a_letter(text: str, name: str) -> None:
    content = replace(CONTENT, answer=replace(ANSWER, text=text), patient=replace(CONTENT.patient, family_name=name))
    assert render(compose_referrer(content, "en"), find_fonts()).startswith(b"%PDF")


def test_a_sign_that_the_font_does_not_have_is_seen_to_be_missing(fonts: Fonts) -> None:
    content = replace(CONTENT, answer=replace(ANSWER, text="vor 漢 nach"))
    assert "vor \ufffd nach" in read(compose_referrer(content, "en"), fonts)


def test_many_pictures_and_findings_fit(fonts: Fonts) -> None:
    content = replace(CONTENT, pictures=CONTENT.pictures * 5, machine=tuple(replace(FINDINGS[0], picture=n) for n in range(1, 60)))
    written = pages(render(compose_referrer(content, "en"), fonts))
    boxes = [page for page in written if "malignant" in page]
    assert len(boxes) > 1
    assert all("Preliminary, machine-made; not a diagnosis" in page for page in boxes)


def test_letters_written_at_once_do_not_mix(fonts: Fonts) -> None:
    documents = [compose_referrer(replace(CONTENT, answer=replace(ANSWER, text=f"{n} ąćęłńóśźż" * 40)), "de") for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda document: pages(render(document, fonts)), documents))
    assert written == [pages(render(document, fonts)) for document in documents]


def test_pictures_stand_in_pairs() -> None:
    (figures,) = (block for block in compose_referrer(CONTENT, "en").blocks if isinstance(block, Figures))
    assert [figure.jpeg is not None for figure in figures.figures] == [True, True, False]
