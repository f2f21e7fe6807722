"""The table of all routes × the whole cast. A route that is missing here fails the build.

One line a route: how it is called, and who gets in with what answer. Whoever is not named gets 404, as if there were nothing; the
anonymous are sent to the log-in. All arguments are Ada's: her patient, the lesion that was referred to Dana, its image. New apps add
their lines and, where they need more than these arguments, a row in `MADE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from analysis.active_models import active_digests
from analysis.models import Analysis, Explanation, Status
from patients import services
from patients.models import User
from patients.services.accounts import PERSON_FIELDS, POOL_FIELDS, PRACTICE_FIELDS, version_of
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_user, upload

GPS_OF_NORTH = {"ada": 200, "ben": 200}
EVERYBODY = dict.fromkeys(["ada", "ben", "cleo", "dana", "emil", "ines", "theo"], 200)
NOT_GPS = dict.fromkeys(["dana", "emil", "ines", "theo"], 403)
NOT_ADMINS = dict.fromkeys(["ada", "ben", "cleo", "dana", "emil", "theo"], 403)
NO_ROLE = {"theo": 403}

OUTSIDE = ("account_", "mfa_")
"""allauth's own routes; tests/house looks after those. So it does after the open pages:"""
OPEN_PAGES = {"health", "intended-use", "session", "patients:invitation-accept"}


@dataclass(frozen=True)
class Route:
    method: str
    answers: dict[str, int]
    arguments: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


PATIENT = {"family_name": "Dale", "given_names": "Rue", "birth_date": "1980-02-03", "sex": "female", "record_number": "N9"}
LESION = {"site_key": "SCT:36141000", "laterality": "R"}
REASON = {"practice": "north", "record_number": "N1", "reason": "Complaint of the 3rd"}
INVITATION = {"email": "hal@example.org", "display_name": "Hal", "role": "DERMATOLOGIST"}
UPLOAD = {"image": "a picture", "modality": "dermoscopic"}
QUESTION = {"label": "MEL", "masks": 1000, "cells": 8, "visible_percent": 50, "seed": 0}
REGION = {"left": 10, "top": 20, "width": 80, "height": 70}
NOT_TREATING = {"ines": 403, "theo": 403}
SEEN_BY_DANA = {"dana": 200}
MAY_ASK = {"ada": 302, "ben": 302, "dana": 302, "ines": 403, "theo": 403}

ROUTES: dict[str, list[Route]] = {
    "home": [Route("GET", EVERYBODY)],
    "patients:list": [Route("GET", EVERYBODY | NO_ROLE), Route("POST", EVERYBODY | NO_ROLE, data={"words": "a"})],
    "patients:new": [
        Route("GET", GPS_OF_NORTH | {"cleo": 200} | NOT_GPS),
        Route("POST", {"ada": 302, "ben": 302, "cleo": 302} | NOT_GPS, data=PATIENT),
    ],
    "patients:detail": [Route("GET", GPS_OF_NORTH | {"dana": 200, "emil": 200} | NO_ROLE, ("patient",))],
    "patients:edit": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("patient",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("patient",), PATIENT),
    ],
    "patients:lesion-new": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("patient",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("patient",), LESION),
    ],
    "patients:lesion": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("lesion",))],
    "patients:refer": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("lesion",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("free_lesion",), {"target_key": "emil", "urgency": "soon"}),
    ],
    "patients:image-file": [
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "upright")),
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "display")),
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "thumbnail")),
        Route("GET", GPS_OF_NORTH | {"dana": 403} | NO_ROLE, ("image", "original")),
    ],
    "patients:break-glass": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data=REASON),
    ],
    # administration
    "patients:people": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:person": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("theo",)),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("theo",), {"display_name": "Theo B", "role": "DERMATOLOGIST", "version": "theo's"}),
    ],
    "patients:person-act": [
        Route("POST", {"ines": 302} | NOT_ADMINS, ("theo", "deactivate")),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("switched_off", "reactivate")),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("with_factor", "reset-factor")),
    ],
    "patients:password-link": [Route("POST", {"ines": 200} | NOT_ADMINS, ("theo",))],
    "patients:practices": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:practice-new": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data={"name": "West"}),
    ],
    "patients:practice": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("north",)),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("north",), {"name": "North-West", "version": "north's"}),
    ],
    "patients:pools": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:pool-new": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data={"name": "Nails"}),
    ],
    "patients:pool": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("pool",)),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("pool",), {"name": "Moles and nails", "version": "pool's"}),
    ],
    "patients:policies": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data={"roles": ["GP"]}),
    ],
    "patients:invitations": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:invite": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 200} | NOT_ADMINS, data=INVITATION),
    ],
    "patients:invitation-renew": [Route("POST", {"ines": 200} | NOT_ADMINS, ("invitation",))],
    "patients:invitation-revoke": [Route("POST", {"ines": 302} | NOT_ADMINS, ("invitation",))],
    # analysis
    "analysis:submit": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("lesion",), UPLOAD)],
    "analysis:latest": [
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("image",)),
        Route("POST", {"ada": 302, "ben": 302, "dana": 302}, ("image",)),
    ],
    "analysis:region": [
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("image",)),
        Route("POST", {"ada": 302, "ben": 302, "dana": 302} | NOT_TREATING, ("image",), REGION),
    ],
    "analysis:detail": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("failed",))],
    "analysis:status": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("queued",))],
    "analysis:cancel": [Route("POST", MAY_ASK, ("queued",))],
    "analysis:retry": [Route("POST", MAY_ASK, ("failed",))],
    "analysis:artefact": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("drawn", "lesion"))],
    "analysis:explain": [
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("drawn",)),
        Route("POST", {"ada": 302, "ben": 302, "dana": 302}, ("drawn",), QUESTION),
    ],
    "analysis:explanation": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("explanation",))],
    "analysis:explanation-status": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("explanation",))],
    "analysis:explanation-cancel": [Route("POST", MAY_ASK, ("explanation",))],
    "analysis:explanation-file": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("explanation", "rise"))],
}
CASES = [(name, route) for name, routes in ROUTES.items() for route in routes]
IDS = [" ".join([route.method, name, *route.arguments]) for name, route in CASES]


def all_routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from all_routes(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"


def arguments(cast: Cast, names: tuple[str, ...]) -> list[Any]:
    """The key of a row of the cast, or of one made for the occasion, and whatever else the route's address takes."""
    if not names:
        return []
    subject, *rest = names
    row = MADE[subject](cast) if subject in MADE else getattr(cast, subject)
    return [row.pk, *rest]


def drawn_analysis(cast: Cast) -> Analysis:
    """By the models in use."""
    used = [{"sha256": digest} for digest in active_digests(settings.MODELS_DIR)]
    analysis = in_state(cast.image, Status.SUCCEEDED, models_used=used)
    analysis.artefacts.create(kind="lesion", file=cast.image.thumbnail.name, sha256="0" * 64)
    return analysis


def explanation(cast: Cast) -> Explanation:
    asked = drawn_analysis(cast).explanations.create(requested_by=cast.ada, label="MEL")
    asked.files.create(kind="rise", file=cast.image.thumbnail.name, sha256="0" * 64)
    return asked


def with_factor(cast: Cast) -> User:
    Authenticator.objects.get_or_create(user=cast.theo, type="totp", data={"secret": "x"})
    return cast.theo


MADE = {
    "switched_off": lambda _: make_user("otis", is_active=False),
    "with_factor": with_factor,
    "invitation": lambda cast: services.invite(actor=cast.ines, practice=None, **INVITATION)[0],
    "queued": lambda cast: in_state(cast.image, Status.QUEUED),
    "failed": lambda cast: in_state(cast.image, Status.FAILED),
    "drawn": drawn_analysis,
    "explanation": explanation,
}


def data_of(cast: Cast, route: Route) -> dict[str, Any]:
    """Words that stand for a row of the cast become its key, and "a picture" becomes one."""
    versions = {
        "theo's": version_of(cast.theo, PERSON_FIELDS),
        "north's": version_of(cast.north, PRACTICE_FIELDS),
        "pool's": version_of(cast.pool, POOL_FIELDS),
    }
    known = versions | {"north": cast.north.pk, "emil": f"user-{cast.emil.pk}", "a picture": upload(jpeg_bytes())}
    return {name: known.get(value, value) if isinstance(value, str) else value for name, value in route.data.items()}


def rows() -> dict[str, Any]:
    """Everything our tables hold."""
    apps_here = [config for config in apps.get_app_configs() if config.name in {"patients", "analysis", "feedback", "evaluation"}]
    models = [model for config in apps_here for model in config.get_models()]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models if model is not User} | {
        "users": list(User.objects.order_by("pk").values("pk", "role", "practice", "is_active"))  # a log-in alone changes a date
    }


def call(client: Client, route: Route, path: str, data: dict[str, Any]) -> int:
    response = client.get(path) if route.method == "GET" else client.post(path, data)
    assert response.getvalue() is not None  # reads and closes files
    return response.status_code


def test_every_route_is_in_the_table() -> None:
    ours = {name for name in all_routes() if not name.startswith(OUTSIDE) and name not in OPEN_PAGES}
    assert ours == set(ROUTES)


@pytest.mark.parametrize(("name", "route"), CASES, ids=IDS)
def test_everybody_gets_the_answer_of_the_table_and_a_refusal_changes_nothing(cast: Cast, client: Client, name: str, route: Route) -> None:
    path, before = reverse(name, args=arguments(cast, route.arguments)), rows()
    answers = {}
    for person, user in cast.people.items():
        client.force_login(user)
        with transaction.atomic():
            answers[person] = call(client, route, path, data_of(cast, route))
            assert answers[person] < 400 or rows() == before, f"{person} was refused, but something changed"
            transaction.set_rollback(True)  # everybody finds the same
    assert answers == dict.fromkeys(cast.people, 404) | route.answers


@pytest.mark.parametrize(("name", "route"), CASES, ids=IDS)
def test_the_anonymous_are_sent_to_the_login(cast: Cast, client: Client, name: str, route: Route) -> None:
    path, before = reverse(name, args=arguments(cast, route.arguments)), rows()
    response = client.get(path) if route.method == "GET" else client.post(path, data_of(cast, route))
    assert response.status_code == 302
    assert urlsplit(response["Location"]).path == reverse("account_login")
    assert rows() == before
