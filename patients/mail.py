"""The words of every mail that notifications become. No patient's data: what happened, the case's reference, and where to log in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
"""So that nobody's out-of-office note comes back."""


@dataclass(frozen=True)
class News:
    kind: str
    """A value of Notification.Kind."""
    reference: str


@dataclass(frozen=True)
class Words:
    one: str
    """The subject of a mail about one thing."""
    several: str
    happened: dict[str, str]
    """By kind; `{0}` is the case's reference."""
    log_in: str
    choose: str


@dataclass(frozen=True)
class Mail:
    subject: str
    body: str


ENGLISH = Words(
    one="skinclinic: news about a case",
    several="skinclinic: news about your cases ({0})",
    happened={
        "case_sent": "A case (reference {0}) is waiting for you or your pool.",
        "info_asked": "More information is asked for about a case of yours (reference {0}).",
        "info_given": "Your question about a case (reference {0}) was answered.",
        "case_answered": "A case of yours (reference {0}) was answered.",
        "case_discarded": "A case of yours (reference {0}) was discarded without an answer; the reason is given there.",
        "second_opinion": "Your second opinion is asked for about a case (reference {0}).",
        "breach": "A case (reference {0}) is overdue: it should have been answered by now.",
        "histology": "The histology of a case (reference {0}) is there.",
    },
    log_in="Log in to read more:",
    choose="You are written to because of your account at skinclinic. Which mails you get, and in which language, is your choice:",
)
GERMAN = Words(
    one="skinclinic: Neues zu einem Fall",
    several="skinclinic: Neues zu Ihren Fällen ({0})",
    happened={
        "case_sent": "Ein Fall (Kennung {0}) wartet auf Sie oder Ihren Pool.",
        "info_asked": "Zu einem Ihrer Fälle (Kennung {0}) werden weitere Angaben erbeten.",
        "info_given": "Ihre Rückfrage zu einem Fall (Kennung {0}) wurde beantwortet.",
        "case_answered": "Einer Ihrer Fälle (Kennung {0}) wurde beantwortet.",
        "case_discarded": "Einer Ihrer Fälle (Kennung {0}) wurde ohne Antwort verworfen; der Grund steht dort.",
        "second_opinion": "Zu einem Fall (Kennung {0}) wird Ihre Zweitmeinung erbeten.",
        "breach": "Ein Fall (Kennung {0}) ist überfällig: Er sollte bereits beantwortet sein.",
        "histology": "Die Histologie zu einem Fall (Kennung {0}) liegt vor.",
    },
    log_in="Melden Sie sich an, um mehr zu lesen:",
    choose="Sie erhalten diese Mail wegen Ihres Kontos bei skinclinic. Welche Mails Sie bekommen und in welcher Sprache, wählen Sie hier:",
)
WORDS = {"en": ENGLISH, "de": GERMAN}


def compose(language: str, news: Sequence[News], page: str, preferences: str) -> Mail:
    """One mail about everything that is new; `page` and `preferences` are whole addresses."""
    words = WORDS[language]
    subject = words.one if len(news) == 1 else words.several.format(len(news))
    happened = [words.happened[one.kind].format(one.reference) for one in news]
    return Mail(subject, "\n".join([*happened, "", words.log_in, page, "", "-- ", words.choose, preferences, ""]))
