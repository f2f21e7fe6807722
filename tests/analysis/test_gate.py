"""Commit, then reveal: every route of the analyses against practices that ask for an impression first."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from analysis import services
from analysis.active_models import active_digests
from analysis.models import Analysis, Status
from analysis.urls import urlpatterns
from patients.models import AuditEntry, Image
from patients.services import record_impression
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.analysis.test_visits import STORED
from tests.analysis.tiny import TinyAnalyser
from tests.cast import Cast
from tests.factories import make_image

LED, REFUSED, OPEN = "led to the impression", "refused", "open"
ROUTES: dict[str, dict[str, str]] = {
    # route → method → what happens before the impression. A route that is missing here fails.
    "submit": {},
    "latest": {"GET": LED, "POST": OPEN},
    "region": {"GET": LED, "POST": LED},
    "detail": {"GET": LED},
    "status": {"GET": OPEN},
    "cancel": {"POST": OPEN},
    "retry": {"POST": OPEN},
    "artefact": {"GET": REFUSED},
    "explain": {"GET": LED, "POST": LED},
    "explanation": {"GET": LED},
    "explanation-status": {"GET": OPEN},
    "explanation-cancel": {"POST": OPEN},
    "explanation-file": {"GET": REFUSED},
    "case-findings": {"GET": OPEN},
}
PARTS_WITHHELD = {"side-by-side", "compare-choice", "compare", "letter"}
"""Pages of several pictures: what is owed an impression is left out of them, see test_side_by_side, test_comparison, test_letters."""
CASES = [(name, method) for name, methods in ROUTES.items() for method in methods]
QUESTION = {"label": "MEL", "masks": 1000, "cells": 8, "visible_percent": 50, "seed": 0}
REGION = {"left": 10, "top": 20, "width": 80, "height": 70}


@pytest.fixture
def asking(cast: Cast) -> Cast:
    cast.north.asks_impression = True
    cast.north.save()
    return cast


def finished(image: Image) -> Analysis:
    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    used = [{"sha256": digest} for digest in active_digests(settings.MODELS_DIR)]
    Analysis.objects.filter(pk=analysis.pk).update(models_used=used)
    analysis.refresh_from_db()
    return analysis


def arguments(cast: Cast, name: str) -> list[object]:
    if name in {"latest", "region"}:
        return [cast.image.pk]
    if name == "case-findings":
        return [cast.case.pk]
    analysis = finished(cast.image)
    if name == "retry":
        analysis = in_state(cast.image, Status.FAILED)
    if name == "cancel":
        analysis = in_state(cast.image, Status.QUEUED)
    if not name.startswith("explanation"):
        return [analysis.pk, "lesion"] if name == "artefact" else [analysis.pk]
    asked = analysis.explanations.create(requested_by=cast.ada, label="MEL")
    asked.files.create(kind="rise", file=cast.image.thumbnail.name, sha256="0" * 64)
    return [asked.pk, "rise"] if name == "explanation-file" else [asked.pk]


def test_every_route_is_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(ROUTES) | PARTS_WITHHELD


@pytest.mark.parametrize("person", ["ada", "dana"])
@pytest.mark.parametrize(("name", "method"), CASES, ids=[" ".join(case) for case in CASES])
def test_results_are_held_back_until_the_impression_is_given(asking: Cast, client: Client, name: str, method: str, person: str) -> None:
    client.force_login(asking.people[person])
    path = reverse(f"analysis:{name}", args=arguments(asking, name))
    data = {"explain": QUESTION, "region": REGION}.get(name, {})
    response = client.get(path) if method == "GET" else client.post(path, data)
    led = response.headers.get("Location", "").startswith(reverse("patients:impression", args=[asking.image.pk]))
    happened = LED if led else REFUSED if response.status_code == 403 else OPEN
    assert response.getvalue() is not None
    assert happened == ROUTES[name][method]
    if happened != OPEN:
        assert not AuditEntry.objects.filter(action__in=["analysis.read", "artefact.read", "explanation.read"]).exists()
        record_impression(actor=asking.people[person], image=asking.image, diagnosis="NV", certainty="possible")
        response = client.get(path) if method == "GET" else client.post(path, data)
        assert response.getvalue() is not None
        assert response.status_code in {200, 302}
        assert "impression" not in response.headers.get("Location", "")


@pytest.mark.parametrize("name", ["latest", "region", "detail", "explain", "explanation", "artefact"])
def test_programs_are_told_in_json(asking: Cast, client: Client, name: str) -> None:
    client.force_login(asking.ada)
    response = client.get(reverse(f"analysis:{name}", args=arguments(asking, name)), headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "impression-first"


@pytest.mark.parametrize("name", ["cleo", "emil", "theo"])
def test_whoever_may_not_see_the_picture_is_not_asked_either(asking: Cast, client: Client, name: str) -> None:
    client.force_login(asking.people[name])
    assert client.get(reverse("analysis:detail", args=[finished(asking.image).pk])).status_code == 404


def test_the_status_of_an_analysis_carries_no_result(asking: Cast, client: Client) -> None:
    client.force_login(asking.ada)
    path = reverse("analysis:status", args=[finished(asking.image).pk])
    document = client.get(path, headers={"accept": "application/json"}).json()
    assert set(document) == {"id", "status_url", "page_url", "status", "stage", "stages_done", "stages_total", "timings_ms", "error"}


def test_one_clinicians_impression_does_not_open_it_for_another(asking: Cast, client: Client) -> None:
    record_impression(actor=asking.dana, image=asking.image, diagnosis="NV", certainty="possible")
    path = reverse("analysis:detail", args=[finished(asking.image).pk])
    client.force_login(asking.dana)
    page = client.get(path).content.decode()
    assert "Your impression before:" in page
    assert "Melanocytic naevus, possible" in page
    client.force_login(asking.ada)
    assert client.get(path).status_code == 302


def test_the_way_back_is_the_page_that_was_wanted(asking: Cast, client: Client) -> None:
    client.force_login(asking.ada)
    path = reverse("analysis:detail", args=[finished(asking.image).pk])
    form = client.get(path).headers["Location"]
    page = client.get(form).content.decode()
    assert f'name="next" value="{path}"' in page


def test_findings_of_a_case_hold_back_what_is_owed(asking: Cast, client: Client) -> None:
    from tests.factories import make_image

    analysis, other = finished(asking.image), finished(make_image(asking.lesion))
    record_impression(actor=asking.dana, image=other.image, diagnosis="NV", certainty="possible")
    client.force_login(asking.dana)
    page = client.get(reverse("analysis:case-findings", args=[asking.case.pk])).content.decode()
    assert str(analysis.pk) not in page
    assert str(other.pk) in page
    assert "Give your impression" in page
    assert AuditEntry.objects.get(action="findings.read").detail == {"analyses": [str(other.pk)]}


# --- What a later picture tells of an earlier one -------------------------------------------------------------------------


@pytest.fixture
def later(asking: Cast) -> Analysis:
    """Of a second picture of the lesion, which Ada and Dana have judged; the first they have not."""
    image = make_image(asking.lesion)
    for person in (asking.ada, asking.dana):
        record_impression(actor=person, image=image, diagnosis="NV", certainty="possible")
    analysis = with_result(finished(image), change=STORED | {"image": str(asking.image.pk)})
    for kind in ("earlier", "change"):
        analysis.artefacts.create(kind=kind, file=image.thumbnail.name, sha256="0" * 64)
    return analysis


def status_of(client: Client, name: str, *args: object) -> int:
    response = client.get(reverse(name, args=args))
    assert response.getvalue() is not None
    return response.status_code


def test_a_result_does_not_tell_what_was_found_in_an_earlier_picture_that_is_owed_an_impression(
    asking: Cast, client: Client, later: Analysis
) -> None:
    client.force_login(asking.ada)
    shown = page(client, "analysis:detail", later.pk)
    assert "said what you think of the earlier picture" in shown
    assert f"{reverse('patients:impression', args=[asking.image.pk])}?next=" in shown
    assert "Change of colour" not in shown
    assert "unchanged lesion" not in shown
    assert [status_of(client, "analysis:artefact", later.pk, kind) for kind in ("earlier", "change", "lesion")] == [403, 403, 200]
    record_impression(actor=asking.ada, image=asking.image, diagnosis="NV", certainty="possible")
    shown = page(client, "analysis:detail", later.pk)
    assert "said what you think of the earlier picture" not in shown
    assert "Change of colour" in shown
    assert [status_of(client, "analysis:artefact", later.pk, kind) for kind in ("earlier", "change")] == [200, 200]


def test_nor_does_the_working_page(asking: Cast, client: Client, later: Analysis) -> None:
    client.force_login(asking.dana)
    assert "Change of colour" not in page(client, "analysis:case-findings", asking.case.pk)
    record_impression(actor=asking.dana, image=asking.image, diagnosis="NV", certainty="possible")
    assert "Change of colour" in page(client, "analysis:case-findings", asking.case.pk)


def test_an_earlier_picture_that_is_gone_holds_nothing_back(asking: Cast, client: Client, later: Analysis) -> None:
    with_result(later, change=STORED | {"image": "00000000-0000-0000-0000-000000000000"})
    client.force_login(asking.ada)
    assert "Change of colour" in page(client, "analysis:detail", later.pk)
    assert status_of(client, "analysis:artefact", later.pk, "change") == 200
