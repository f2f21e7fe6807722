"""What a patient is found by: plain words of the names, the record number, and the trigrams by which misspelt words are told.

Pure functions; the tables are filled by `services.vocabulary` and asked by `selectors.search`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from datetime import date

LONGEST_WORD = 120
LONGEST_BEGINNING = 15
"""Letters. Whoever has typed so many of one word has found it, or it is not there."""
FUZZY_FROM = 4
"""Letters. Shorter words resemble too many others."""
LONG_FROM = 6
SIMILAR_FROM = 0.45
"""Share of common trigrams (Jaccard) from which two words pass for the same; see docs/decisions/0010-search.md."""
_APOSTROPHES = "'’‘ʼ`´"
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h"})
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_FOLDED = re.compile(r"([aou])e")


def words_of(text: str) -> list[str]:
    """Split at everything that is neither letter nor digit, so double-barrelled names too; an apostrophe joins: O'Brien is obrien."""
    lower = "".join(letter for letter in unicodedata.normalize("NFC", text).casefold() if letter not in _APOSTROPHES)
    kept = "".join(letter if letter.isalnum() or unicodedata.category(letter).startswith("M") else " " for letter in lower)
    return kept.split()


def spellings(word: str) -> set[str]:
    """A word of `words_of` without accents, and as people write it who have no umlauts: müller is muller and mueller, mueller is muller."""
    plain, spelled_out = without_accents(word), without_accents(word.translate(_SPELLED_OUT))
    return {spelling[:LONGEST_WORD] for spelling in (plain, spelled_out, _FOLDED.sub(r"\1", plain))}


def without_accents(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    return "".join(letter for letter in letters if not unicodedata.category(letter).startswith("M"))


def vocabulary(*names: str) -> set[str]:
    """Every spelling of every word."""
    return {spelling for name in names for word in words_of(name) for spelling in spellings(word)}


def index_of(record_number: str, *names: str) -> list[str]:
    """What `Patient.search_words` keeps: the words, the record number (`#n-1001`), and the beginnings of all (`arch*`, `#10*`)."""
    whole = {*vocabulary(*names), of_number(record_number)}
    begun = whole | {of_number(part) for part in words_of(record_number)}
    return sorted(whole | {beginning(key[:length]) for key in begun for length in range(1, len(key) + 1)} - {"#*"})


def beginning(typed: str) -> str:
    return f"{typed[:LONGEST_BEGINNING]}*"


def of_number(typed: str) -> str:
    return "#" + "".join(typed.casefold().split())


def trigrams(word: str) -> set[str]:
    """Three letters at a time, two blanks before and one behind: the beginning of a word counts more than its end."""
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def telling_trigrams(word: str) -> set[str]:
    """Of a long word those in its middle alone: thousands share the first letter or an ending and nothing else."""
    if len(word) < LONG_FROM:
        return trigrams(word)
    return trigrams(word) - {f"  {word[0]}", f"{word[-2:]} "}


def is_close(typed: str, word: str) -> bool:
    """Many common trigrams, or a slip or two of the fingers: a letter more, less, another, or two exchanged.

    Short words have too many neighbours for two slips, or for one in the first letter.
    """
    ours, theirs = trigrams(typed), trigrams(word)
    if len(ours & theirs) >= SIMILAR_FROM * len(ours | theirs):
        return True
    slips = slips_between(typed, word)
    return slips <= 2 if min(len(typed), len(word)) >= LONG_FROM else slips <= 1 and typed[0] == word[0]


def slips_between(one: str, other: str) -> int:
    """Insertions, deletions, replacements and exchanges of neighbours that turn one word into the other (optimal string alignment)."""
    before, above = [0], list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, there in enumerate(other, 1):
            best = min(above[column] + 1, line[column - 1] + 1, above[column - 1] + (letter != there))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == there:
                best = min(best, before[column - 2] + 1)
            line.append(best)
        before, above = above, line
    return above[-1]


def are_similar(one: str, other: str) -> bool:
    """Two names share a word, or nearly."""
    pairs = itertools.product(vocabulary(one), vocabulary(other))
    return any(a == b or (min(len(a), len(b)) >= FUZZY_FROM and is_close(a, b)) for a, b in pairs)


def initials(name: str) -> set[str]:
    return {word[0] for word in vocabulary(name) if word}


# --- Dates of birth as people type them -----------------------------------------------------------------------------------

_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([./])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)")
_DIGITS = re.compile(r"\d{8}")


def split_dates(text: str, today: date) -> tuple[list[set[date]], str]:
    """The dates in a search, 1970-05-17, 17.05.1970 or 17/5/70, each with all it can mean, and the text that is left."""
    found: list[set[date]] = []

    def take(match: re.Match[str]) -> str:
        year, month, day = match.groups() if match.re is _ISO else (match[4], match[3], match[1])
        meant = set(_dates(year, month, day, today))
        found.append(meant)
        return " "

    return found, _DAY_FIRST.sub(take, _ISO.sub(take, text))


def dates_of_digits(word: str, today: date) -> set[date]:
    """17051970 and 19700517."""
    if not _DIGITS.fullmatch(word):
        return set()
    return {*_dates(word[4:], word[2:4], word[:2], today), *_dates(word[:4], word[4:6], word[6:], today)}


def _dates(year: str, month: str, day: str, today: date) -> Iterator[date]:
    years = [int(year)] if len(year) == 4 else [1900 + int(year), 2000 + int(year)]
    for one in years:
        made = _date(one, int(month), int(day))
        if made is not None and made <= today:
            yield made


def with_day_and_month_exchanged(born: date) -> date | None:
    return _date(born.year, born.day, born.month)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
