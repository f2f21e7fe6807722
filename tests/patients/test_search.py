"""Finding a patient: what is typed, what is meant, what must not be found."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from patients import search, selectors, services
from patients.models import AuditEntry, Patient, SearchWord
from patients.selectors import search as finding
from patients.services import vocabulary
from tests.cast import Cast
from tests.factories import make_patient

TODAY = date(2026, 3, 2)


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Müller", {"muller", "mueller"}),
        ("Mueller", {"mueller", "muller"}),
        ("Muller", {"muller"}),
        ("Groß", {"gross"}),
        ("O'Brien", {"obrien"}),
        ("O’Brien", {"obrien"}),
        ("Archer-Bell", {"archer", "bell"}),
        ("van der  Berg", {"van", "der", "berg"}),
        ("Ångström", {"angstrom", "aangstroem"}),
        ("Łukasz", {"lukasz"}),
        ("Đorđević", {"dordevic"}),
        ("Søren", {"soren", "soeren"}),
        ("İpek", {"ipek"}),
        ("Ελένη", {"ελενη"}),
        ("李小龙", {"李小龙"}),
        ("--", set()),
    ],
)
def test_names_become_plain_words(name: str, words: set[str]) -> None:
    assert search.vocabulary(name) == words


@given(st.text(max_size=120), st.text(max_size=40))
def test_any_name_can_be_indexed_and_is_found_by_itself(name: str, number: str) -> None:
    index = search.index_of(number, name)
    assert all(0 < len(key) <= 120 for key in index if not key.startswith("#"))
    for word in search.words_of(name):
        assert {search.beginning(spelling) for spelling in search.spellings(word)} & set(index)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("schmitd", "schmidt"), ("shcmidt", "schmidt"), ("schmit", "schmidt"), ("archr", "archer"), ("meyer", "meier"), ("meir", "meier"),
        ("katherine", "catherine"), ("philip", "phillip"), ("kowalsky", "kowalski"), ("muler", "muller"),
    ],
)  # fmt: skip
def test_slips_are_forgiven(typed: str, meant: str) -> None:
    assert search.is_close(typed, meant)


@pytest.mark.parametrize(
    ("typed", "other"), [("nell", "bell"), ("anna", "hans"), ("archer", "fletcher"), ("weber", "fischer"), ("schmidt", "schneider")]
)
def test_other_names_are_not_taken_for_slips(typed: str, other: str) -> None:
    assert not search.is_close(typed, other)


@given(st.text("abcde", min_size=1, max_size=8), st.text("abcde", min_size=1, max_size=8))
def test_slips_count_the_same_both_ways(one: str, other: str) -> None:
    assert search.slips_between(one, other) == search.slips_between(other, one) <= max(len(one), len(other))
    assert (search.slips_between(one, other) == 0) == (one == other)


def test_of_a_long_word_the_first_letter_or_the_ending_alone_tells_nothing() -> None:
    assert search.telling_trigrams("ziegler") == {" zi", "zie", "ieg", "egl", "gle", "ler"}
    assert search.telling_trigrams("kurz") == {"  k", " ku", "kur", "urz", "rz "}


@pytest.mark.parametrize(
    ("text", "dates", "rest"),
    [
        ("1970-05-17", {date(1970, 5, 17)}, ""),
        ("17.05.1970", {date(1970, 5, 17)}, ""),
        ("17.5.70 bell", {date(1970, 5, 17)}, "bell"),
        ("bell 17/05/1970", {date(1970, 5, 17)}, "bell"),
        ("17. 5. 1970", {date(1970, 5, 17)}, ""),
        ("03.04.05", {date(1905, 4, 3), date(2005, 4, 3)}, ""),
        ("31.02.1970", set(), ""),
        ("05/17/1970", set(), ""),
    ],
)
def test_dates_are_read_as_they_are_written_here(text: str, dates: set[date], rest: str) -> None:
    found, left = search.split_dates(text, TODAY)
    assert (found, left.strip()) == ([dates], rest)


def test_digits_may_be_a_date_either_way() -> None:
    assert search.dates_of_digits("17051970", TODAY) == {date(1970, 5, 17)}
    assert search.dates_of_digits("19700517", TODAY) == {date(1970, 5, 17)}
    assert search.dates_of_digits("1705197", TODAY) == set()
    assert search.dates_of_digits("99999999", TODAY) == set()


# --- Patients ---------------------------------------------------------------------------------------------------------


def found(cast: Cast, words: str) -> list[str]:
    return [patient.family_name for patient in selectors.find_patients(cast.ada, words)]


@pytest.fixture
def mueller(cast: Cast) -> Patient:
    return make_patient(
        cast.north, family_name="Müller-Groß", given_names="Zoë Maria", birth_date=date(1961, 11, 3), record_number="N-1001"
    )


@pytest.mark.parametrize(
    "words",
    [
        "müller", "Mueller", "MULLER", "mull", "müller-groß", "gross", "zoe", "maria mü", "3.11.1961", "03/11/1961", "1961-11-03",
        "03111961",
        "1961", "mull 1961", "n-1001", "N-10", "1001", "muler", "mulelr", "müller 03.11.1961 zoe", "mariia",
    ],
)  # fmt: skip
def test_one_patient_by_many_ways(cast: Cast, mueller: Patient, words: str) -> None:
    assert found(cast, words) == ["Müller-Groß"]


@pytest.mark.parametrize(
    "words", ["llerm", "müller archer", "müller 1962", "1001 archer", "üll", "-", "…", "%", "_", "' OR 1=1 --", "{x}", "x" * 100]
)
def test_what_is_not_there_is_not_found(cast: Cast, mueller: Patient, words: str) -> None:
    assert found(cast, words) == []


def test_whole_words_stand_before_beginnings_and_those_before_similar_names(cast: Cast) -> None:
    for family_name in ("Bellamy", "Belk", "Abell", "Belll"):
        make_patient(cast.north, family_name=family_name, given_names="Ida")
    assert found(cast, "bell") == ["Bell", "Bellamy", "Belll", "Belk"]
    ranks = [patient.rank for patient in selectors.find_patients(cast.ada, "bell")]  # type: ignore[attr-defined]
    assert ranks == [0, 1, 1, finding.SIMILAR]


def test_nobody_finds_whom_they_may_not_see(cast: Cast) -> None:
    assert found(cast, "clay") == []
    assert found(cast, "S1") == []
    assert [one.family_name for one in selectors.find_patients(cast.dana, "archer")] == ["Archer"]
    assert list(selectors.find_patients(cast.dana, "bell")) == []
    assert list(selectors.find_patients(cast.ines, "archer")) == []


def test_too_many_are_cut_and_said_to_be(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_FOUND", 5)
    monkeypatch.setattr(finding, "PATIENTS_PER_PAGE", 4)
    for number in range(6):
        make_patient(cast.north, family_name=f"Archer{number}")
    client.force_login(cast.ada)
    page = client.post(reverse("patients:list"), {"words": "arch"}).content.decode()
    assert "Too many patients match" in page
    assert page.count('<th scope="row">') == 4
    whole = selectors.find_patients(cast.ada, "archer")
    assert [patient.given_names for patient in whole] == ["Nell"]


def test_a_search_costs_the_same_whatever_is_there(cast: Cast) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            list(selectors.find_patients(cast.ada, "arhcer nell"))
        return len(queries)

    before = cost()
    for _ in range(8):
        make_patient(cast.north, family_name="Archer", given_names="Nell")
    assert cost() == before <= 8


# --- The index is kept ------------------------------------------------------------------------------------------------


def test_a_new_name_is_found_and_the_old_one_forgotten(cast: Cast) -> None:
    services.change_patient(actor=cast.ada, patient=cast.patient, family_name="Quill")
    assert found(cast, "quill nell") == ["Quill"]
    assert found(cast, "qiull") == ["Quill"]
    assert found(cast, "archer") == []
    assert not SearchWord.objects.filter(word="archer").exists()


def test_a_word_somebody_else_has_stays(cast: Cast) -> None:
    make_patient(cast.south, family_name="Archer")
    services.change_patient(actor=cast.ada, patient=cast.patient, family_name="Quill")
    assert SearchWord.objects.filter(word="archer").exists()


def test_a_new_record_number_is_found(cast: Cast) -> None:
    services.change_patient(actor=cast.ada, patient=cast.patient, record_number="X-77")
    assert found(cast, "x-77") == ["Archer"]
    assert found(cast, "N1") == []


def test_the_index_can_be_built_anew(cast: Cast) -> None:
    words = set(SearchWord.objects.values_list("word", flat=True))
    Patient.objects.update(search_words=[])
    SearchWord.objects.filter(word="archer").delete()
    SearchWord.objects.create(word="nobody", trigrams=[])
    call_command("index_patients", verbosity=0)
    assert found(cast, "archer") == ["Archer"]
    assert set(SearchWord.objects.values_list("word", flat=True)) == words
    assert vocabulary.index_everybody() == 3


# --- The page ---------------------------------------------------------------------------------------------------------


def typed(client: Client, words: str, target: str = "found") -> str:
    headers = {"HX-Request": "true", "HX-Target": target}
    response = client.post(reverse("patients:list"), {"words": words}, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_while_typing_the_list_alone_is_sent_with_its_number_to_be_said(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    part = typed(client, "arch")
    assert "<html" not in part
    assert "Archer, Nell" in part
    assert 'hx-swap-oob="innerHTML">1 found</p>' in part
    assert AuditEntry.objects.latest("id").detail == {"patients": [str(cast.patient.pk)]}


def test_an_emptied_field_on_the_first_page_lists_nobody(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert "Archer" not in typed(client, "", "quick-found")
    assert "Archer" in typed(client, "", "found")
    assert AuditEntry.objects.count() == 1


def test_what_was_typed_is_shown_as_text(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for page in (typed(client, '"><script>alert(1)</script>'), client.post("/patients/", {"words": '"><b>'}).content.decode()):
        assert "<script>alert" not in page
        assert '"><b>' not in page
