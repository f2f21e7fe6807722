"""The table of all routes × the whole cast. A route that is missing here fails the build.

One line a route: how it is called, and who gets in with what answer. Whoever is not named gets 404, as if there were nothing; the
anonymous are sent to the log-in. All arguments are Ada's: her patient, the lesion that was referred to Dana, its image. New apps add
their lines and, where they need more than these arguments, a row in `MADE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
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
from patients.models import Calibration, CaseStatus, Dermatoscope, Image, Notification, Practice, User
from patients.ruler import Ruler
from patients.services.accounts import PERSON_FIELDS, POOL_FIELDS, PRACTICE_FIELDS, version_of
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_dermatoscope, make_image, make_user, upload
from tests.patients.answering import answered, taken

GPS_OF_NORTH = {"ada": 200, "ben": 200}
EVERYBODY = dict.fromkeys(["ada", "ben", "cleo", "dana", "emil", "ines", "theo"], 200)
NOT_GPS = dict.fromkeys(["dana", "emil", "ines", "theo"], 403)
NOT_ADMINS = dict.fromkeys(["ada", "ben", "cleo", "dana", "emil", "theo"], 403)
NOT_DERMATOLOGISTS = dict.fromkeys(["ada", "ben", "cleo", "ines", "theo"], 403)
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


PATIENT = {
    "family_name": "Dale",
    "given_names": "Rue",
    "birth_date": "1980-02-03",
    "sex": "female",
    "record_number": "N9",
    "letter_language": "en",
    "version": "1",
}
LESION = {"site_key": "SCT:36141000", "laterality": "R"}
SIGNS = dict.fromkeys(
    [
        "change_in_size",
        "irregular_shape",
        "irregular_colour",
        "diameter_7_mm",
        "inflammation",
        "oozing",
        "change_in_sensation",
    ],
    "no",
)
REASON = {"practice": "north", "record_number": "N1", "reason": "Complaint of the 3rd"}
INVITATION = {"email": "hal@example.org", "display_name": "Hal", "role": "DERMATOLOGIST"}
UPLOAD = {"image": "a picture", "modality": "dermoscopic"}
QUESTION = {"label": "MEL", "masks": 1000, "cells": 8, "visible_percent": 50, "seed": 0}
RULER = {"from_x_px": 10, "from_y_px": 20, "to_x_px": 110, "to_y_px": 20, "length_mm": 10}
REGION = {"left": 10, "top": 20, "width": 80, "height": 70}
NOT_TREATING = {"ines": 403, "theo": 403}
SEEN_BY_DANA = {"dana": 200}
MAY_ASK = {"ada": 302, "ben": 302, "dana": 302, "ines": 403, "theo": 403}
NOT_DERMATOLOGISTS = dict.fromkeys(["ada", "ben", "cleo", "ines", "theo"], 403)
ANSWER = {"diagnosis": "NV", "icd10": "D22.3", "certainty": "probable", "management": "reassure"}
BLOCK = {"title": "Sun", "text": "Protect your skin."}

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
    "patients:consents": [Route("GET", GPS_OF_NORTH | {"dana": 200, "emil": 200} | NO_ROLE, ("patient",))],
    "patients:consent-give": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("patient", "care")),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("patient", "care"), {"given_on": "2026-03-01"}),
    ],
    "patients:consent-withdraw": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("patient", "teleconsultation")),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("patient", "teleconsultation")),
    ],
    "patients:lesion-new": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("patient",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("patient",), LESION),
    ],
    "patients:lesion": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("lesion",))],
    "patients:lesion-edit": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("lesion",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("lesion",), LESION | {"version": "1"}),
    ],
    "patients:checklist": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("lesion",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("lesion",), SIGNS),
    ],
    "analysis:side-by-side": [Route("GET", GPS_OF_NORTH | {"dana": 200, "emil": 200} | NO_ROLE, ("patient",))],
    "patients:refer": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("lesion",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("free_lesion",), {"target_key": "emil", "urgency": "soon"}),
    ],
    "patients:cases": [
        Route("GET", GPS_OF_NORTH | {"cleo": 200} | NOT_GPS),
        Route("POST", GPS_OF_NORTH | {"cleo": 200} | NOT_GPS, data={"status": "WAITING"}),
    ],
    "patients:case": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("case",))],
    "patients:case-edit": [
        Route("GET", GPS_OF_NORTH | NOT_GPS, ("draft",)),
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("draft",), {"target_key": "emil", "urgency": "soon"}),
    ],
    "patients:case-discard-draft": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("draft",))],
    "patients:case-reply": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("asked",), {"text": "Since May."})],
    "patients:case-withdraw": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("case",), {"reason": "Excised elsewhere."})],
    "patients:case-readdress": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("case",), {"target_key": "emil"})],
    "patients:case-close": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("answered",))],
    "patients:case-end-second": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("second",))],
    "patients:queue": [
        Route("GET", {"dana": 200, "emil": 200} | NOT_DERMATOLOGISTS),
        Route("POST", {"dana": 200, "emil": 200} | NOT_DERMATOLOGISTS, data={"urgency": "soon"}),
    ],
    "patients:queue-next": [Route("POST", {"dana": 302, "emil": 302} | NOT_DERMATOLOGISTS)],
    "patients:queue-news": [Route("GET", {"dana": 200, "emil": 200} | NOT_DERMATOLOGISTS, ("the_beginning",))],
    "patients:sla": [Route("GET", {"dana": 200, "emil": 200, "ines": 200} | dict.fromkeys(["ada", "ben", "cleo", "theo"], 403))],
    "patients:image-file": [
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "upright")),
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "display")),
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("image", "thumbnail")),
        Route("GET", GPS_OF_NORTH | {"dana": 403} | NO_ROLE, ("image", "original")),
    ],
    "patients:notifications": [Route("GET", EVERYBODY)],
    "patients:notifications-read": [Route("POST", dict.fromkeys(EVERYBODY, 302))],
    "patients:notification-read": [Route("POST", {"ada": 302}, ("notification",))],
    "patients:preferences": [
        Route("GET", EVERYBODY),
        Route("POST", dict.fromkeys(EVERYBODY, 302), data={"language": "de", "mails": "breach"}),
    ],
    "patients:calibrate": [
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("image",)),
        Route("POST", {"ada": 302, "ben": 302, "dana": 302} | NOT_TREATING, ("image",), RULER),
    ],
    "patients:dermatoscope-keep": [
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("measured_image",), {"name": "Lens", "measured": "the measurement"}),
    ],
    "patients:take-scale": [
        Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("image_beside_dermatoscope",), {"dermatoscope": "a dermatoscope"}),
    ],
    "patients:dermatoscopes": [Route("GET", GPS_OF_NORTH | {"cleo": 200} | NOT_GPS)],
    "patients:dermatoscope-retire": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("dermatoscope",))],
    "patients:image-pair": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("image_with_overview",), {"overview": "an overview"})],
    "patients:image-unpair": [Route("POST", {"ada": 302, "ben": 302} | NOT_GPS, ("image",))],
    "patients:review": [
        Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("case",)),
        Route("POST", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("claimed",), ANSWER | {"step": "check"}),
        Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("claimed",), ANSWER | {"step": "sign"}),
    ],
    "patients:review-replace": [Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("signed",))],
    "patients:review-draft": [Route("POST", {"dana": 204} | NOT_DERMATOLOGISTS, ("claimed",), ANSWER)],
    "patients:review-take": [Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("case",))],
    "patients:review-release": [Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("claimed",))],
    "patients:review-ask": [
        Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("claimed",)),
        Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("claimed",), {"text": "Since when?"}),
    ],
    "patients:review-discard": [
        Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("claimed",)),
        Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("claimed",), {"reason": "Sent twice."}),
    ],
    "patients:review-second-opinion": [
        Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("signed",)),
        Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("signed",), {"target_key": "emil"}),
    ],
    "patients:text-blocks": [
        Route("GET", {"dana": 200, "emil": 200} | NOT_DERMATOLOGISTS),
        Route("POST", {"dana": 302, "emil": 302} | NOT_DERMATOLOGISTS, data=BLOCK),
    ],
    "patients:text-block": [
        Route("GET", SEEN_BY_DANA | NOT_DERMATOLOGISTS, ("block",)),
        Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("block",), BLOCK),
    ],
    "patients:text-block-delete": [Route("POST", {"dana": 302} | NOT_DERMATOLOGISTS, ("block",))],
    "patients:histology": [
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NOT_TREATING, ("lesion",)),
        Route("POST", MAY_ASK, ("lesion",), {"diagnosis": "NV", "reported_on": "2026-04-01"}),
    ],
    "patients:impression": [
        Route("GET", MAY_ASK, ("image",)),
        Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NOT_TREATING, ("image_of_asking_practice",)),
        Route("POST", MAY_ASK, ("image_of_asking_practice",), {"diagnosis": "NV", "certainty": "possible"}),
    ],
    "analysis:case-findings": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA | NO_ROLE, ("case",))],
    "patients:break-glass": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data=REASON),
    ],
    "patients:access-list": [Route("GET", GPS_OF_NORTH | {"dana": 403, "emil": 403} | NO_ROLE, ("patient",))],
    "patients:access-download": [Route("GET", GPS_OF_NORTH | {"dana": 403, "emil": 403} | NO_ROLE, ("patient",))],
    "analysis:letter": [
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("signed", "patient")),
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("signed", "referrer", "de")),
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("case", "referrer")),
    ],
    # administration
    "patients:people": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:person": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("theo",)),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("theo",), {"display_name": "Theo B", "role": "DERMATOLOGIST", "version": "theo's"}),
    ],
    "patients:person-act": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("theo", "deactivate")),
        Route("GET", {"ines": 200} | NOT_ADMINS, ("with_factor", "reset-factor")),
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
        Route("POST", {"ines": 302} | NOT_ADMINS, ("north",), {"name": "North-West", "version": "north's", "is_open": "on"}),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("north",), {"name": "North", "version": "north's", "confirmed": "yes"}),
    ],
    "patients:pools": [Route("GET", {"ines": 200} | NOT_ADMINS)],
    "patients:pool-new": [
        Route("GET", {"ines": 200} | NOT_ADMINS),
        Route("POST", {"ines": 302} | NOT_ADMINS, data={"name": "Nails"}),
    ],
    "patients:pool": [
        Route("GET", {"ines": 200} | NOT_ADMINS, ("pool",)),
        Route("POST", {"ines": 302} | NOT_ADMINS, ("pool",), {"name": "Moles and nails", "version": "pool's", "confirmed": "yes"}),
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
        Route("POST", MAY_ASK, ("image",)),
    ],
    "analysis:region": [
        Route("GET", GPS_OF_NORTH | {"dana": 200} | NOT_TREATING, ("image",)),
        Route("POST", {"ada": 302, "ben": 302, "dana": 302} | NOT_TREATING, ("image",), REGION),
    ],
    "analysis:compare-choice": [
        Route("POST", {"ada": 302, "ben": 302, "dana": 302}, ("lesion_with_overview",), {"one": "the image", "other": "an overview"}),
    ],
    "analysis:compare": [Route("GET", GPS_OF_NORTH | SEEN_BY_DANA, ("image_with_overview", "an overview"))],
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
    return [key_of(row), *(overview(cast).pk if name == "an overview" else name for name in rest)]


def key_of(row: Any) -> Any:
    """What addresses call it."""
    return getattr(row, "public_id", row.pk)


def overview(cast: Cast) -> Image:
    """A macroscopic picture of Ada's lesion: whoever needs it asks for `image_with_overview` or `lesion_with_overview` first."""
    return cast.lesion.images.get(modality="macroscopic")


def with_overview(cast: Cast) -> Cast:
    make_image(cast.lesion, modality="macroscopic")
    return cast


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


def asking_image(cast: Cast) -> Image:
    Practice.objects.filter(pk=cast.north.pk).update(asks_impression=True)
    return cast.image


def with_factor(cast: Cast) -> User:
    Authenticator.objects.get_or_create(user=cast.theo, type="totp", data={"secret": "x"})
    return cast.theo


def measured(image: Image) -> Image:
    services.calibrate_image(actor=image.lesion.created_by, image=image, ruler=Ruler(0, 0, 100, 0, 10))
    return image


MADE: dict[str, Callable[[Cast], Any]] = {
    "draft": lambda cast: make_case(cast.free_lesion, CaseStatus.DRAFT, to_user=cast.dana),
    "asked": lambda cast: make_case(cast.free_lesion, CaseStatus.INFO_ASKED, to_user=cast.dana),
    "answered": lambda cast: make_case(cast.free_lesion, CaseStatus.ANSWERED, to_user=cast.dana),
    "second": lambda cast: make_case(cast.free_lesion, CaseStatus.SECOND_OPINION, to_user=cast.dana, second_to_user=cast.emil),
    "the_beginning": lambda _: SimpleNamespace(pk=0),
    "claimed": taken,
    "signed": answered,
    "block": lambda cast: cast.dana.text_blocks.create(title="Moles", text="Look at them every month."),
    "image_of_asking_practice": asking_image,
    "measured_image": lambda cast: measured(cast.image),
    "dermatoscope": lambda cast: make_dermatoscope(cast.free_image),
    "image_beside_dermatoscope": lambda cast: make_dermatoscope(cast.free_image) and cast.image,
    "switched_off": lambda _: make_user("otis", is_active=False),
    "with_factor": with_factor,
    "invitation": lambda cast: services.invite(actor=cast.ines, practice=None, **INVITATION)[0],
    "queued": lambda cast: in_state(cast.image, Status.QUEUED),
    "failed": lambda cast: in_state(cast.image, Status.FAILED),
    "drawn": drawn_analysis,
    "image_with_overview": lambda cast: with_overview(cast).image,
    "lesion_with_overview": lambda cast: with_overview(cast).lesion,
    "explanation": explanation,
    "notification": lambda cast: Notification.objects.create(to=cast.ada, kind="case_answered", case=cast.case),
}


def data_of(cast: Cast, route: Route) -> dict[str, Any]:
    """Words that stand for a row of the cast become its key, and "a picture" becomes one."""
    known: dict[Any, Any] = {
        "north": cast.north.public_id,
        "emil": f"user-{cast.emil.public_id}",
        "a picture": upload(jpeg_bytes()),
        "the measurement": Calibration.objects.values_list("pk", flat=True).first(),
        "a dermatoscope": Dermatoscope.objects.values_list("pk", flat=True).first(),
        "theo's": version_of(cast.theo, PERSON_FIELDS),
        "north's": version_of(cast.north, PRACTICE_FIELDS),
        "pool's": version_of(cast.pool, POOL_FIELDS),
    }
    if "an overview" in route.data.values():
        known |= {"the image": cast.image.pk, "an overview": overview(cast).pk}
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
