"""A result is as current as the models that made it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from analysis import services
from analysis.active_models import active_digests, is_outdated
from analysis.models import Analysis, Status
from tests.analysis.states import in_state
from tests.analysis.tiny import output

USED = [used.sha256 for used in output().models]
OTHERS = [USED[0], "2" * 64]


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)


def activate(folder: Path, digests: list[str]) -> None:
    names = {f"task-{n}": f"model-{n}" for n in range(len(digests))}
    for name, digest in zip(names.values(), digests, strict=True):
        (folder / name).mkdir(parents=True)
        (folder / name / "card.json").write_text(json.dumps({"sha256": digest}))
    (folder / "active.json").write_text(json.dumps(names))


def test_the_digests_are_those_of_the_cards(models_dir: Path) -> None:
    activate(models_dir, USED)
    assert active_digests(models_dir) == set(USED)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"lesion": "gone"}', '{"lesion": 3}'])
def test_models_that_cannot_be_read_are_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "active.json").write_text(content)
    assert active_digests(tmp_path) == frozenset()


def test_the_models_in_use_outdate_only_results_of_others(models_dir: Path, finished: Analysis) -> None:
    assert not is_outdated(finished)
    activate(models_dir, USED)
    assert not is_outdated(finished)
    assert services.request_analysis(actor=finished.requested_by, image=finished.image) == finished


def test_new_models_give_a_new_analysis_and_keep_the_old_result(models_dir: Path, finished: Analysis) -> None:
    activate(models_dir, OTHERS)
    again = services.request_analysis(actor=finished.requested_by, image=finished.image)
    assert again != finished
    assert services.request_analysis(actor=finished.requested_by, image=finished.image) == again
    assert Analysis.objects.get(pk=finished.pk).result == finished.result


def test_a_failed_analysis_can_be_repeated_beside_an_outdated_result(models_dir: Path, finished: Analysis) -> None:
    activate(models_dir, OTHERS)
    failed = in_state(finished.image, Status.FAILED)
    assert services.retry_analysis(actor=finished.requested_by, analysis=failed) == failed


def test_the_page_of_an_outdated_result_offers_a_new_analysis(client: Client, models_dir: Path, finished: Analysis) -> None:
    client.force_login(finished.requested_by)
    page, offer = reverse("analysis:detail", args=[finished.pk]), "Analyse with the current models"
    assert offer not in client.get(page).content.decode()
    activate(models_dir, OTHERS)
    assert offer in client.get(page).content.decode()
    assert client.post(reverse("analysis:latest", args=[finished.image_id]))["Location"] != page
