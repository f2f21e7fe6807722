"""What the search knows: which words each patient has, and which words there are at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from patients import search
from patients.models import Patient, SearchWord

BATCH = 2000


def words_of(patient: Patient) -> set[str]:
    return search.vocabulary(patient.family_name, patient.given_names)


def index_of(patient: Patient) -> list[str]:
    return search.index_of(patient.record_number, patient.family_name, patient.given_names)


def learn(words: Iterable[str], *, instead_of: Iterable[str] = ()) -> None:
    """Adds words to the vocabulary and takes out those of `instead_of` that no patient has any more: names that were put right are
    not kept. Called after the patient is saved, in the same transaction.

    All words are locked in one order first, so that nobody takes out a word that somebody else is just giving to a patient.
    """
    new, old = set(words), set(instead_of)
    rows = [SearchWord(word=word, trigrams=sorted(search.trigrams(word))) for word in sorted(new | old)]
    SearchWord.objects.bulk_create(rows, update_conflicts=True, unique_fields=["word"], update_fields=["trigrams"])
    if gone := old - new:
        has_it = Patient.objects.filter(search_words__contains=[OuterRef("word")])
        SearchWord.objects.filter(word__in=gone).exclude(Exists(has_it)).delete()


def index_everybody() -> int:
    """Writes the index of all patients anew, as after an import that went past the services. Returns how many there are."""
    everybody = list(Patient.objects.values_list("pk", flat=True))
    words: set[str] = set()
    for start in range(0, len(everybody), BATCH):
        words |= _index(everybody[start : start + BATCH])
    learn((), instead_of=SearchWord.objects.exclude(word__in=words).values_list("word", flat=True))
    return len(everybody)


@transaction.atomic
def _index(keys: Sequence[UUID]) -> set[str]:
    batch = list(Patient.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    for patient in batch:
        patient.search_words = index_of(patient)
    Patient.objects.bulk_update(batch, ["search_words"])
    words = {word for patient in batch for word in words_of(patient)}
    learn(words)
    return words
