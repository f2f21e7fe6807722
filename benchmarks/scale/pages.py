"""The pages that are measured: who opens them, and with what."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from patients.models import Case, Lesion, Patient, Role, User

SAMPLE = 200
SHOWN_SQL = 400

Ask = Callable[[Client], Any]


@dataclass(frozen=True)
class Page:
    name: str
    asks: Iterator[tuple[Client, Ask]] = field(repr=False)

    def next_request(self) -> Callable[[], None]:
        """A request ready to be sent; sending it fails loudly where the answer is not the page."""
        client, ask = next(self.asks)

        def send() -> None:
            response: HttpResponse = ask(client)
            assert response.status_code == 200, f"{self.name}: {response.status_code}"

        return send


def pages(clinic: str) -> list[Page]:
    """Of the clinic filled under this name. Arguments are chosen anew for each call, in the same order each time."""
    chance = random.Random(7)  # noqa: S311 - nothing secret
    gps, dermatologists = _gps(clinic), _people(clinic, Role.DERMATOLOGIST)[:6]
    admins = _people(clinic, Role.ADMIN)
    found = [
        _page("home, GP", gps, _at("home")),
        _page("home, dermatologist", dermatologists, _at("home")),
        _page("home, admin", admins, _at("home")),
        _page("list of patients, GP", gps, _at("patients:list")),
        _page("list of patients, dermatologist", dermatologists, _at("patients:list")),
        *(_search(name, gps, words, chance) for name, words in WORDS.items()),
        _search("search of a dermatologist", dermatologists, WORDS["search, beginning of the name"], chance),
        _page("patient, GP", gps, _each(chance, "patients:detail", _patients)),
        _page("patient, dermatologist", dermatologists, _each(chance, "patients:detail", _patients)),
        _page("patient, admin", admins, _each(chance, "patients:detail", _patients)),
        _page("lesion, GP", gps, _each(chance, "patients:lesion", _lesions)),
        _page("lesion, dermatologist", dermatologists, _each(chance, "patients:lesion", _lesions)),
        _page("who has seen the record, GP", gps, _each(chance, "patients:access-list", _patients)),
        _page("queue", dermatologists, _at("patients:queue")),
        _page("service levels", dermatologists, _at("patients:sla")),
        _page("cases of a practice", gps, _at("patients:cases")),
        _page("case, GP", gps, _each(chance, "patients:case", _cases)),
        _page("case, dermatologist", dermatologists, _each(chance, "patients:case", _cases)),
        _page("next case to review", dermatologists, _each(chance, "patients:review", _claimed)),
    ]
    return [page for page in found if page is not None]


Asks = Callable[[User], Iterator[Ask] | None]


def _page(name: str, people: list[User], asks: Asks) -> Page | None:
    """The people take turns. None where there is no such page, or nothing to open."""
    turns = [(person, found) for person in people if (found := asks(person)) is not None]
    return Page(name, _in_turns(turns)) if turns else None


def _in_turns(turns: list[tuple[User, Iterator[Ask]]]) -> Iterator[tuple[Client, Ask]]:
    """Logged in at the first request, so that no session needs renewing while queries are counted."""
    logged_in = [(_client(person), asks) for person, asks in turns]
    for client, asks in cycle(logged_in):
        yield client, next(asks)


def _client(person: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    return client


# --- who --------------------------------------------------------------------------------------------------------------------


def _gps(clinic: str) -> list[User]:
    """Two of the largest practice, one of the next, one of a middling and one of the smallest."""
    everybody = _people(clinic, Role.GP)
    first = list({person.practice_id: person for person in reversed(everybody)}.values())[::-1]
    chosen = [everybody[0], everybody[1], first[min(1, len(first) - 1)], first[len(first) // 2], first[-1]]
    return list(dict.fromkeys(chosen))


def _people(clinic: str, role: str) -> list[User]:
    return list(User.objects.filter(username__startswith=f"{clinic}-", role=role).order_by("practice", "pk"))


# --- what -------------------------------------------------------------------------------------------------------------------


def _at(route: str) -> Asks:
    def asks(_person: User) -> Iterator[Ask] | None:
        path = _path(route)
        return cycle([lambda client: client.get(path)]) if path else None

    return asks


def _each(chance: random.Random, route: str, keys_of: Callable[[User, random.Random], list[Any]]) -> Asks:
    def asks(person: User) -> Iterator[Ask] | None:
        paths = [path for key in keys_of(person, chance) if (path := _path(route, key))]
        return cycle([_get(path) for path in paths]) if paths else None

    return asks


def _get(path: str) -> Ask:
    return lambda client: client.get(path)


def _path(route: str, *arguments: Any) -> str | None:
    try:
        return reverse(route, args=arguments)
    except NoReverseMatch:
        return None


def _patients(person: User, chance: random.Random) -> list[Any]:
    return _some(list(Patient.objects.visible_to(person).order_by("pk").values_list("pk", flat=True)), chance)


def _lesions(person: User, chance: random.Random) -> list[Any]:
    return _some(list(Lesion.objects.visible_to(person).order_by("pk").values_list("pk", flat=True)), chance)


def _cases(person: User, chance: random.Random) -> list[Any]:
    return _some(list(Case.objects.visible_to(person).order_by("pk").values_list("pk", flat=True)), chance)


def _claimed(person: User, chance: random.Random) -> list[Any]:
    return _some(list(Case.objects.filter(claimed_by=person, status="CLAIMED").order_by("pk").values_list("pk", flat=True)), chance)


def _some(keys: list[Any], chance: random.Random) -> list[Any]:
    return chance.sample(keys, min(SAMPLE, len(keys)))


# --- searching --------------------------------------------------------------------------------------------------------------

WORDS: dict[str, Callable[[Patient, random.Random], str]] = {
    "search, one letter": lambda patient, _: patient.family_name[:1],
    "search, beginning of the name": lambda patient, chance: patient.family_name[: chance.randint(2, 4)],
    "search, both names": lambda patient, _: f"{patient.given_names} {patient.family_name}",
    "search, date of birth": lambda patient, _: patient.birth_date.isoformat(),
    "search, record number": lambda patient, _: patient.record_number,
    "search, misspelt": lambda patient, chance: _misspelt(patient.family_name, chance),
    "search, nobody": lambda _, chance: "".join(chance.choices("qxwzjk", k=8)),
}


def _search(name: str, people: list[User], words: Callable[[Patient, random.Random], str], chance: random.Random) -> Page | None:
    def asks(person: User) -> Iterator[Ask] | None:
        path = _path("patients:list")
        patients = Patient.objects.in_bulk(_patients(person, chance)).values()
        return cycle([_post(path, words(patient, chance)) for patient in patients]) if path else None

    return _page(name, people, asks)


def _post(path: str, words: str) -> Ask:
    return lambda client: client.post(path, {"words": words})


def _misspelt(name: str, chance: random.Random) -> str:
    """A letter left out, or two exchanged."""
    at = chance.randrange(1, max(2, len(name) - 1))
    left_out, exchanged = name[:at] + name[at + 1 :], name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
    return chance.choice((left_out, exchanged))


# --- looking closer ---------------------------------------------------------------------------------------------------------


def explain(page: Page, limit_ms: float) -> None:
    """Prints the plan of each query of one request that took longer."""
    send = page.next_request()
    with CaptureQueriesContext(connection) as queries:
        send()
    for query in queries.captured_queries:
        if float(query["time"]) * 1000 >= limit_ms and query["sql"].startswith("SELECT"):
            print(f"\n== {page.name}: {float(query['time']) * 1000:.0f} ms: {query['sql'][:SHOWN_SQL]}")
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query['sql']}".replace("%", "%%"), ())
                print("\n".join(line for (line,) in cursor.fetchall()))
