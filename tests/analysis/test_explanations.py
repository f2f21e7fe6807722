"""Explanations: asked for, run, stopped, healed, shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import Http404
from django.test import Client

from analysis import services, storage
from analysis.models import Analysis, Explanation, Status
from analysis.presentation.explanation import METHOD_WORDS
from analysis.services import jobs
from analysis.vision.explain.account import METHODS
from analysis.vision.types import CLASSES, Region
from patients.models import AuditEntry, Image, Practice, Role
from skinclinic.errors import ClinicError
from tests.analysis.explained import DOUBT, TinyExplainer
from tests.analysis.states import FIELDS, in_state
from tests.factories import make_user

pytestmark = pytest.mark.django_db

QUESTION = {"label": "MEL", "masks": 400, "cells": 8, "visible_percent": 50, "seed": 3}
Sent = list[str]
OnCommit = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    messages: Sent = []
    monkeypatch.setattr("analysis.tasks.explain_task.delay", messages.append)
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)
    return messages


@pytest.fixture
def asked(finished: Analysis) -> Explanation:
    return services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION)


def run(explanation: Explanation, before: Callable[[float], None] = lambda _: None) -> Explanation:
    services.run_explanation(pk=explanation.pk, explainer=TinyExplainer(before))
    explanation.refresh_from_db()
    return explanation


def files_of(explanation: Explanation) -> list[str]:
    folder = Explanation.folder(explanation.pk)
    return storage.files.listdir(folder)[0] if storage.files.exists(folder) else []


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_question_queues_one_explanation_and_sends_one_message(
    finished: Analysis, sent: Sent, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        asked = services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION)
        assert sent == []
    assert sent == [str(asked.pk)]
    entry = AuditEntry.objects.get(action="explanation.submit")
    assert (entry.object_id, entry.patient) == (str(asked.pk), finished.image.lesion.patient)


def test_the_same_question_has_one_answer_and_another_one_its_own(finished: Analysis, asked: Explanation) -> None:
    actor = finished.requested_by
    assert services.request_explanation(actor=actor, analysis=finished, question=QUESTION) == asked
    run(asked)
    assert services.request_explanation(actor=actor, analysis=finished, question=QUESTION) == asked
    assert services.request_explanation(actor=actor, analysis=finished, question=QUESTION | {"seed": 4}) != asked
    assert services.request_explanation(actor=actor, analysis=finished, question=QUESTION | {"label": "NV"}) != asked


def test_after_a_bad_end_it_can_be_asked_again(finished: Analysis, asked: Explanation) -> None:
    services.cancel_explanation(actor=finished.requested_by, explanation=asked)
    assert services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION) != asked


def test_an_unfinished_analysis_is_not_explained(image: Image) -> None:
    with pytest.raises(ClinicError, match="finished"):
        services.request_explanation(actor=image.uploaded_by, analysis=in_state(image, Status.FAILED), question=QUESTION)


def test_the_answer_of_other_models_is_not_explained_by_these(finished: Analysis, asked: Explanation, models_dir: Path) -> None:
    folder = models_dir / "classification-other"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"sha256": "f" * 64}))
    (models_dir / "active.json").write_text(json.dumps({"classification": folder.name}))
    with pytest.raises(ClinicError, match="Other models"):
        services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION | {"seed": 9})
    assert run(asked).failure_code == "models-changed"


def test_strangers_and_onlookers_may_not_ask(finished: Analysis, asked: Explanation) -> None:
    cleo = make_user("cleo", role=Role.GP, practice=Practice.objects.create(name="South"))
    ines = make_user("ines", role=Role.ADMIN)
    for actor, refusal in ((cleo, Http404), (ines, ClinicError)):
        with pytest.raises(refusal):
            services.request_explanation(actor=actor, analysis=finished, question=QUESTION | {"seed": 5})
        with pytest.raises(refusal):
            services.cancel_explanation(actor=actor, explanation=asked)
    assert Explanation.objects.get().status == Status.QUEUED


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_run_leaves_figures_pictures_and_raw_maps(asked: Explanation) -> None:
    explainer = TinyExplainer()
    services.run_explanation(pk=asked.pk, explainer=explainer)
    asked.refresh_from_db()
    assert asked.status == Status.SUCCEEDED
    assert explainer.asked == [QUESTION]
    assert {file.kind for file in asked.files.all()} == {*METHODS, *(f"{method}_raw" for method in METHODS)}
    for file in asked.files.all():
        with file.file.open() as stream:
            data = stream.read()
        assert storage.sha256(data) == file.sha256
        if file.kind == "rise":
            drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            assert drawn is not None
            assert drawn.shape == (40, 60, 4)
            assert drawn[20, 30, 3] == round(255 * 0.04 / 0.05)  # 0.04 where 0.05 is drawn in full
            assert drawn[0, 0, 3] == 0  # evidence against is not drawn
        if file.kind == "rise_raw":
            signed = np.load(io.BytesIO(data), allow_pickle=False)["signed"]
            assert signed[20, 30] == pytest.approx(0.04, rel=1e-3)
            assert signed[0, 0] == pytest.approx(-0.01, rel=1e-3)
    assert asked.result
    methods = {figures["method"]: figures for figures in asked.result["methods"]}
    # Curves 0.8, 0.4, 0 and 0, 0.4, 0.8: both areas 0.4, and so no gain.
    assert methods["rise"]["faithfulness"]["deletion"] == {"scores": [0.8, 0.4, 0.0], "area": pytest.approx(0.4)}
    assert methods["rise"]["faithfulness"]["gain"] == pytest.approx(0.0)
    assert asked.result["evolution"][1] == {"step": 12, "path": "M20,15 39,15 39,24 20,24Z"}
    assert AuditEntry.objects.filter(action="explanation.result", object_id=str(asked.pk)).count() == 1


def test_of_a_marked_region_the_region_is_explained(finished: Analysis) -> None:
    Analysis.objects.filter(pk=finished.pk).update(region=[1, 2, 30, 20])
    asked = services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION)
    explainer = TinyExplainer()
    services.run_explanation(pk=asked.pk, explainer=explainer)
    assert explainer.regions == [Region(1, 2, 30, 20)]


def test_progress_is_told_in_hundredths(asked: Explanation) -> None:
    seen: list[int] = []
    run(asked, lambda _share: seen.append(Explanation.objects.values_list("stages_done", flat=True).get()))
    assert seen == [0, 0, 10, 20, 30, 40, 50, 60, 70, 80]


def test_a_worker_notices_a_cancellation_and_leaves_nothing(finished: Analysis, asked: Explanation) -> None:
    def cancel(share: float) -> None:
        if share == 0.3:
            services.cancel_explanation(actor=finished.requested_by, explanation=asked)

    assert run(asked, cancel).status == Status.CANCELLED
    assert (asked.stages_done, asked.result, files_of(asked)) == (20, None, [])


def test_a_picture_that_vanished_is_an_outcome(asked: Explanation) -> None:
    image = asked.analysis.image
    image.upright.storage.delete(str(image.upright.name))
    assert run(asked).status == Status.FAILED
    assert asked.failure_message
    assert files_of(asked) == []


def test_delivered_twice_it_is_computed_once(asked: Explanation) -> None:
    explainer = TinyExplainer()
    for _ in range(2):
        services.run_explanation(pk=asked.pk, explainer=explainer)
    services.run_explanation(pk=uuid4(), explainer=explainer)
    assert len(explainer.asked) == 1


def test_what_a_killed_worker_left_is_queued_again_and_given_up_in_the_end(asked: Explanation, sent: Sent) -> None:
    for attempt in range(1, 4):
        assert jobs.claim(Explanation.objects.all(), pk=asked.pk)
        Explanation.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
        services.requeue_lost_explanations()
        asked.refresh_from_db()
        assert asked.attempt == attempt
    assert sent == [str(asked.pk)] * 2
    assert (asked.status, asked.failure_code) == (Status.FAILED, "worker-lost")


def test_a_lost_message_is_sent_again(asked: Explanation, sent: Sent) -> None:
    Explanation.objects.update(published_at=Now() - timedelta(hours=1))
    services.requeue_lost_explanations()
    services.requeue_lost_explanations()
    assert sent == [str(asked.pk)]


LIES: list[dict[str, Any]] = [
    {"masks": 199},
    {"cells": 17},
    {"visible_percent": 5},
    {"seed": 10000},
    {"label": "XYZ"},
    {"stages_done": 1},
    {"status": Status.SUCCEEDED, "started_at": Now(), "finished_at": Now()},
    {"status": Status.RUNNING},
]


@pytest.mark.parametrize("lie", LIES)
def test_the_database_refuses_what_cannot_be(asked: Explanation, lie: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Explanation.objects.filter(pk=asked.pk).update(**lie)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_asks_for_the_most_probable_diagnosis_first(ada: Client, finished: Analysis) -> None:
    page = ada.get(f"/analyses/{finished.pk}/explanations/").content.decode()
    assert '<option value="MEL" selected>Melanoma</option>' in page
    assert f"/analyses/{finished.pk}/explanations/" in ada.get(f"/analyses/{finished.pk}/").content.decode()


def test_a_question_leads_to_its_explanation_and_is_then_the_first_shown(ada: Client, finished: Analysis) -> None:
    answer = ada.post(f"/analyses/{finished.pk}/explanations/", QUESTION)
    explanation = Explanation.objects.get()
    assert answer.headers["Location"] == f"/explanations/{explanation.pk}/"
    assert ada.get(f"/analyses/{finished.pk}/explanations/").headers["Location"] == f"/explanations/{explanation.pk}/"
    page = ada.get(f"/explanations/{explanation.pk}/").content.decode()
    assert "Waiting for a free place" in page
    assert "Melanoma: 400 masks, 8 cells, 50 % visible, seed 3" in page


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("masks", "50", "greater than or equal to 200"),
        ("cells", "x", "whole number"),
        ("label", "XYZ", "Select a valid choice"),
        ("seed", "", "required"),
    ],
)
def test_a_question_that_cannot_be_is_told_beside_its_field(ada: Client, finished: Analysis, name: str, value: str, words: str) -> None:
    answer = ada.post(f"/analyses/{finished.pk}/explanations/", QUESTION | {name: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Explanation.objects.exists()


def test_the_finished_page_shows_each_method_with_its_figures_and_doubts(ada: Client, asked: Explanation) -> None:
    run(asked)
    page = ada.get(f"/explanations/{asked.pk}/").content.decode()
    for name, _ in METHOD_WORDS.values():
        assert name in page
    assert "What speaks for Melanoma (67.0 %)" in page
    assert page.count(DOUBT) == 1
    undoubted = ", ".join(METHOD_WORDS[method][0] for method in METHODS if method != "visual_backprop")
    assert f"Nothing speaks against: <strong>{undoubted}</strong>" in page
    assert "160 of at most 400 masks: the map no longer changed" in page
    assert "<dt>On edge, hair, ruler</dt><dd>edge 5 %</dd>" in page
    assert 'points="0.0,20.0 50.0,60.0 100.0,100.0"' in page
    assert AuditEntry.objects.filter(action="explanation.read").count() == 1


def test_progress_is_asked_for_until_it_has_ended(ada: Client, asked: Explanation) -> None:
    address = f"/explanations/{asked.pk}/status/"
    first = ada.get(address)
    token = first.content.decode().split("?seen=")[1].split('"')[0]
    assert ada.get(address, {"seen": token}).status_code == 204
    run(asked)
    assert ada.get(address).headers["HX-Refresh"] == "true"


def test_maps_are_served_with_an_audit_row_each(ada: Client, asked: Explanation) -> None:
    run(asked)
    for kind, media_type, start in (("rise", "image/png", b"\x89PNG"), ("rise_raw", "application/octet-stream", b"PK")):
        answer = ada.get(f"/explanations/{asked.pk}/files/{kind}/")
        assert answer.headers["Content-Type"] == media_type
        assert b"".join(answer.streaming_content).startswith(start)  # type: ignore[attr-defined]
    assert ada.get(f"/explanations/{asked.pk}/files/secrets/").status_code == 404
    assert AuditEntry.objects.filter(action="explanation-file.read").count() == 2


def test_the_number_of_queries_does_not_grow_with_the_explanations(
    ada: Client, finished: Analysis, asked: Explanation, django_assert_max_num_queries: Callable[..., AbstractContextManager[None]]
) -> None:
    run(asked)
    for seed in range(20, 40):
        services.request_explanation(actor=finished.requested_by, analysis=finished, question=QUESTION | {"seed": seed})
    with django_assert_max_num_queries(16):
        ada.get(f"/explanations/{asked.pk}/")


def test_the_words_cover_every_method_and_class() -> None:
    assert tuple(METHOD_WORDS) == METHODS
    assert Explanation.label.field.choices is not None
    assert tuple(label for label, _ in Explanation.label.field.choices) == CLASSES


def test_states_imply_the_same_as_for_analyses(asked: Explanation) -> None:
    for status in (Status.RUNNING, Status.FAILED, Status.CANCELLED):
        with transaction.atomic():
            Explanation.objects.filter(pk=asked.pk).update(status=status, **FIELDS[Status.QUEUED] | FIELDS[status])
