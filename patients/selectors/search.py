"""Patients by whatever somebody remembers of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Case as If
from django.db.models import Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from patients import search
from patients.models import Case, Lesion, Patient, Practice, Role, Viewer, role_of
from patients.models.records import EARLIEST_BIRTH

PATIENTS_PER_PAGE = 25
BY_NAME = ("family_name", "given_names", "birth_date", "id")
MOST_WORDS = 8
"""Nobody has more to say about one patient; the rest of a longer search is not read."""
MOST_FOUND = 500
MOST_LISTED = 1000
MOST_SIMILAR_WORDS = 60
SIMILAR = 2
"""The rank of those found by a similar name only; 1 are found by beginnings of words, 0 by whole words."""

Similar: TypeAlias = dict[str, list[str]]
"""Words of the vocabulary that a typed word may have meant."""


class Hits(Paginator[Patient]):
    """Pages of what was found, whose number is known already. `is_cut`: so many match that only some are shown."""

    def __init__(self, found: QuerySet[Patient], count: int, *, is_cut: bool = False) -> None:
        super().__init__(found, PATIENTS_PER_PAGE)
        self.known_count, self.is_cut = count, is_cut

    @property
    def count(self) -> int:
        return self.known_count


def find_patients(viewer: Viewer, words: str = "", page: int = 1) -> Page[Patient]:
    """The best first, then by name; each with `lesion_count`, the lesions this person may see, and, when words are given, with `rank`."""
    seen = Patient.objects.visible_to(viewer)
    found = (_hits(seen, words) if words.strip() else _everybody(viewer, seen)).get_page(page)
    found.object_list = _shown(viewer, list(found))
    return found


def _shown(viewer: Viewer, found: Sequence[Patient]) -> list[Patient]:
    """Keys were sorted; what else a page shows is looked up and counted for its own rows alone, not for all before them."""
    ranks = {patient.pk: getattr(patient, "rank", None) for patient in found}
    lesions = Lesion.objects.visible_to(viewer).filter(patient__in=ranks).order_by().values_list("patient")
    numbers = dict(lesions.annotate(n=Count("pk")))
    rows = Patient.objects.select_related("practice").defer("search_words").in_bulk(list(ranks))
    for key, patient in rows.items():
        vars(patient).update(rank=ranks[key], lesion_count=numbers.get(key, 0))
    return [rows[key] for key in ranks if key in rows]


def _everybody(viewer: Viewer, seen: QuerySet[Patient]) -> Hits:
    """A dermatologist's patients come from many practices, by their cases: of too many to count and sort, the first by name are shown."""
    in_order = seen.order_by(*BY_NAME).only("pk")
    if role_of(viewer) != Role.DERMATOLOGIST:
        return Hits(in_order, seen.count())
    count = Case.objects.addressed_to(viewer).order_by().values("patient").distinct()[: MOST_LISTED + 1].count()
    return Hits(in_order, min(count, MOST_LISTED), is_cut=count > MOST_LISTED)


def _hits(seen: QuerySet[Patient], words: str) -> Hits:
    """Similar names are only looked for when what was typed fills no page; of too many, those with the whole words are taken."""
    typed = Typed.of(words)
    literal = typed.condition({})
    keys, is_cut = _keys(seen, literal), False
    if len(keys) < PATIENTS_PER_PAGE and (fuzzy := typed.fuzzy_words()):
        keys = _keys(seen, typed.condition(similar_words(fuzzy)))
    if len(keys) > MOST_FOUND:
        exact, is_cut = _keys(seen, typed.whole_words()), True
        keys = exact if 0 < len(exact) <= MOST_FOUND else keys[:PATIENTS_PER_PAGE]
    found = Patient.objects.filter(pk__in=keys).annotate(rank=typed.rank(literal)).only("pk")
    return Hits(found.order_by("rank", *BY_NAME), len(keys), is_cut=is_cut)


def _keys(patients: QuerySet[Patient], condition: Q) -> list[UUID]:
    """As far as it matters: to sort and to page through more than MOST_FOUND helps nobody and takes long."""
    return list(patients.filter(condition).order_by().values_list("pk", flat=True)[: MOST_FOUND + 1])


@dataclass(frozen=True)
class Typed:
    """A search, taken apart: dates of birth with all each may mean, and the words between."""

    dates: list[set[date]]
    words: list[str]

    @classmethod
    def of(cls, text: str) -> Typed:
        dates, rest = search.split_dates(text, timezone.localdate())
        words = [word for word in rest.split() if any(letter.isalnum() for letter in word)]
        return cls(dates, words[:MOST_WORDS])

    def fuzzy_words(self) -> list[str]:
        parts = (search.without_accents(part) for word in self.words for part in search.words_of(word))
        return [part for part in parts if len(part) >= search.FUZZY_FROM and not any(letter.isdigit() for letter in part)]

    def condition(self, similar: Similar) -> Q:
        """Every date and every word has to be the patient's."""
        if not self.dates and not self.words:
            return Q(pk__in=[])
        condition = Q()
        for meant in self.dates:
            condition &= Q(birth_date__in=meant)
        for word in self.words:
            condition &= _named(word, similar) | Q(search_words__contains=[search.beginning(search.of_number(word))]) | _born(word)
        return condition

    def rank(self, literal: Q) -> If | Value:
        whole = self.whole_words()
        if not whole:
            return Value(0)
        return If(When(whole, then=0), When(literal, then=1), default=SIMILAR, output_field=IntegerField())

    def whole_words(self) -> Q:
        condition = Q()
        for word in self.words:
            for part in search.words_of(word):
                condition &= Q(search_words__overlap=[search.of_number(word), *sorted(search.spellings(part))])
        return condition


def _named(word: str, similar: Similar) -> Q:
    condition = Q()
    for part in search.words_of(word):
        beginnings = {search.beginning(spelling) for spelling in search.spellings(part)}
        condition &= Q(search_words__overlap=sorted(beginnings.union(similar.get(search.without_accents(part), []))))
    return condition


def _born(word: str) -> Q:
    """A year, or a date without separators."""
    today = timezone.localdate()
    if word.isdecimal() and len(word) == 4 and EARLIEST_BIRTH.year <= int(word) <= today.year:
        return Q(birth_date__year=int(word))
    return Q(birth_date__in=search.dates_of_digits(word, today)) if word.isdecimal() and len(word) == 8 else Q()


# The index hands over whatever shares a trigram; the comparison of letters is left to Python, for the few that share most.
_SIMILAR = """
SELECT word FROM (
    SELECT word, cardinality(trigrams) AS n, {common} AS common
    FROM patients_searchword WHERE trigrams && %(telling)s::varchar(3)[] AND length(word) BETWEEN %(shortest)s AND %(longest)s
    OFFSET 0 -- so that the sum is made once
) AS candidate
ORDER BY common::float / (n + %(n)s - common) DESC, word LIMIT %(most)s
"""


def similar_words(typed: Iterable[str]) -> Similar:
    return {word: [known for known in _candidates(word) if search.is_close(word, known)] for word in typed}


def _candidates(word: str) -> list[str]:
    keys, slack = sorted(search.trigrams(word)), 1 if len(word) < search.LONG_FROM else 2
    values: dict[str, Any] = {
        "telling": sorted(search.telling_trigrams(word)),
        "n": len(keys),
        "shortest": len(word) - slack,
        "longest": len(word) + slack,
        "most": MOST_SIMILAR_WORDS,
    }
    each = {f"key{at}": key for at, key in enumerate(keys)}
    common = " + ".join(f"(%({name})s = ANY(trigrams))::int" for name in each)
    with connection.cursor() as cursor:
        cursor.execute(_SIMILAR.format(common=common), values | each)
        return [known for (known,) in cursor.fetchall()]


# --- Is this somebody we know already? ------------------------------------------------------------------------------------

MOST_DUPLICATES = 10


def possible_duplicates(
    practice: Practice, *, family_name: str, given_names: str, birth_date: date, but: UUID | None = None
) -> list[Patient]:
    """Patients of the practice with a similar name and the same date of birth, day and month exchanged included."""
    dates = {birth_date, search.with_day_and_month_exchanged(birth_date) or birth_date}
    born = Patient.objects.filter(practice=practice, birth_date__in=dates).exclude(pk__in=[but] if but else []).order_by(*BY_NAME)
    return [one for one in born if _may_be(one, family_name, given_names, birth_date)][:MOST_DUPLICATES]


def _may_be(known: Patient, family_name: str, given_names: str, birth_date: date) -> bool:
    """On the same day, the given names are enough (people marry), or a family name with the same first letter of a given name (people have
    nicknames); on the exchanged day, both names have to be similar."""
    family = search.are_similar(known.family_name, family_name)
    given = search.are_similar(known.given_names, given_names)
    if known.birth_date != birth_date:
        return family and given
    exchanged = search.are_similar(known.family_name, given_names) and search.are_similar(known.given_names, family_name)
    return given or exchanged or (family and search.initials(known.given_names) & search.initials(given_names) != set())
