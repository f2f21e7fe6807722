"""Asking, running, stopping, repeating and healing, on a real PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.http import Http404
from kombu.exceptions import OperationalError as BrokerError

from analysis import services, storage
from analysis.models import Analysis, Artefact, Status
from analysis.presentation.progress import STAGE_WORDS
from analysis.services import jobs
from analysis.vision.errors import ImageError, ModelError
from patients.files import FILE_MISSING
from patients.models import AuditEntry, Image, Practice, Role, User
from skinclinic.errors import ClinicError
from tests.analysis.states import in_state
from tests.analysis.tiny import ALONE, TinyAnalyser
from tests.factories import make_user

pytestmark = pytest.mark.django_db

Sent = list[str]
OnCommit = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Messages that would go to the broker."""
    messages: Sent = []
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", messages.append)
    return messages


def expire(analysis: Analysis) -> None:
    Analysis.objects.filter(pk=analysis.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def files_of(analysis: Analysis) -> list[str]:
    folder = f"analyses/{analysis.pk}"
    return storage.files.listdir(folder)[0] if storage.files.exists(folder) else []


def run(analysis: Analysis, before: Callable[[str], None] = lambda _: None) -> Analysis:
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser(before))
    analysis.refresh_from_db()
    return analysis


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_request_queues_one_analysis_and_sends_one_message(
    image: Image, sent: Sent, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        analysis = services.request_analysis(actor=image.uploaded_by, image=image)
        assert sent == []
    assert sent == [str(analysis.pk)]
    assert analysis.status == Status.QUEUED
    entry = AuditEntry.objects.get(action="analysis.submit")
    assert (entry.object_id, entry.actor, entry.patient) == (str(analysis.pk), image.uploaded_by, image.lesion.patient)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED])
def test_asking_again_gives_the_analysis_there_is(image: Image, status: Status) -> None:
    existing = in_state(image, status)
    assert services.request_analysis(actor=image.uploaded_by, image=image) == existing


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_asking_after_a_bad_end_gives_a_new_analysis(image: Image, status: Status) -> None:
    existing = in_state(image, status)
    assert services.request_analysis(actor=image.uploaded_by, image=image) != existing


def test_a_broker_that_is_down_loses_nothing(
    image: Image, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: OnCommit
) -> None:
    def refuse(_: str) -> None:
        raise BrokerError("connection refused")

    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", refuse)
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        analysis = services.request_analysis(actor=image.uploaded_by, image=image)
    analysis.refresh_from_db()
    assert analysis.status == Status.QUEUED
    assert "waits for the sweeper" in caplog.text


# --- who may ------------------------------------------------------------------------------------------------------------


ACTS: dict[str, Callable[[User, Analysis], object]] = {
    "request": lambda actor, analysis: services.request_analysis(actor=actor, image=analysis.image),
    "retry": lambda actor, analysis: services.retry_analysis(actor=actor, analysis=analysis),
    "cancel": lambda actor, analysis: services.cancel_analysis(actor=actor, analysis=analysis),
}


@pytest.mark.parametrize("act", ACTS)
def test_whoever_may_not_see_the_image_changes_nothing(image: Image, act: str) -> None:
    failed = in_state(image, Status.FAILED)
    cleo = make_user("cleo", role=Role.GP, practice=Practice.objects.create(name="South"))
    with pytest.raises(Http404):
        ACTS[act](cleo, failed)
    assert Analysis.objects.get().status == Status.FAILED


@pytest.mark.parametrize("act", ACTS)
def test_whoever_does_not_treat_changes_nothing(image: Image, act: str) -> None:
    failed = in_state(image, Status.FAILED)
    with pytest.raises(ClinicError, match="role"):
        ACTS[act](make_user("ines", role=Role.ADMIN), failed)
    assert Analysis.objects.get().status == Status.FAILED


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_run_records_results_files_and_progress(image: Image) -> None:
    seen: list[tuple[str, int]] = []
    analysis = in_state(image, Status.QUEUED)

    def look(_: str) -> None:
        analysis.refresh_from_db()
        seen.append((analysis.stage, analysis.stages_done))

    run(analysis, look)
    assert seen == [(stage, done) for done, stage in enumerate(["", *list(STAGE_WORDS)[:-1]])]
    assert (analysis.status, analysis.attempt, analysis.lease, analysis.stages_done) == (Status.SUCCEEDED, 1, None, len(STAGE_WORDS))
    assert analysis.p_malignant == 0.7
    assert analysis.result is not None
    assert analysis.result["abcd"]["colours"] == ["dark_brown"]
    assert analysis.models_used[0]["name"] == "classification-tiny-20260101-00000000"
    assert set(analysis.artefacts.values_list("kind", flat=True)) == set(ALONE)
    for artefact in analysis.artefacts.all():
        with artefact.file.open("rb") as file:
            assert storage.sha256(file.read()) == artefact.sha256


def test_the_analyser_gets_the_upright_image(image: Image) -> None:
    analyser = TinyAnalyser()
    services.run_analysis(pk=in_state(image, Status.QUEUED).pk, analyser=analyser)
    with image.upright.open("rb") as file:
        assert analyser.seen == [file.read()]


def test_every_stage_prolongs_the_lease(image: Image) -> None:
    analysis = in_state(image, Status.QUEUED)
    left: list[bool] = []

    def nearly_expire(_: str) -> None:
        left.append(Analysis.objects.filter(pk=analysis.pk, lease_expires_at__gt=Now() + timedelta(seconds=20)).exists())
        Analysis.objects.filter(pk=analysis.pk).update(lease_expires_at=Now() + timedelta(seconds=1))

    run(analysis, nearly_expire)
    assert left == [True] * len(STAGE_WORDS)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED])
def test_a_message_delivered_twice_does_nothing(image: Image, status: Status) -> None:
    analysis, analyser = in_state(image, status), TinyAnalyser()
    services.run_analysis(pk=analysis.pk, analyser=analyser)
    assert analyser.seen == []
    assert Analysis.objects.get(pk=analysis.pk).status == status


def test_a_message_for_a_row_that_is_gone_does_nothing() -> None:
    services.run_analysis(pk=uuid4(), analyser=TinyAnalyser())


def test_of_two_workers_one_wins(image: Image) -> None:
    analysis = in_state(image, Status.QUEUED)
    leases = [jobs.claim(Analysis.objects.all(), pk=analysis.pk) for _ in range(2)]
    assert [lease is None for lease in leases] == [False, True]


def test_a_worker_takes_over_an_expired_lease_and_the_first_one_gives_way(image: Image) -> None:
    analysis = in_state(image, Status.QUEUED)
    second = TinyAnalyser()

    def stall(stage: str) -> None:
        if stage == "level_set":
            expire(analysis)
            services.run_analysis(pk=analysis.pk, analyser=second)

    run(analysis, stall)
    assert len(second.seen) == 1
    assert (analysis.status, analysis.attempt) == (Status.SUCCEEDED, 2)
    assert len(files_of(analysis)) == 1


def test_a_lease_lost_while_the_files_are_written_leaves_no_files_and_no_rows(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = in_state(image, Status.QUEUED)
    save = storage.save

    def save_and_lose(job: str, lease: UUID, name: str, data: bytes) -> str:
        Analysis.objects.filter(pk=analysis.pk).update(lease=uuid4())
        return save(job, lease, name, data)

    monkeypatch.setattr(storage, "save", save_and_lose)
    run(analysis)
    assert analysis.status == Status.RUNNING
    assert files_of(analysis) == []
    assert not Artefact.objects.exists()


def test_files_of_a_worker_that_was_killed_go_when_another_succeeds(image: Image) -> None:
    analysis = in_state(image, Status.QUEUED)
    storage.save(Analysis.folder(analysis.pk), uuid4(), "lesion.png", b"half a file")
    run(analysis)
    assert len(files_of(analysis)) == 1


def test_files_that_cannot_be_tidied_away_do_not_harm_the_result(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("permission denied")

    monkeypatch.setattr(storage, "remove_other_runs", refuse)
    analysis = in_state(image, Status.QUEUED)
    with pytest.raises(OSError, match="permission"):
        run(analysis)
    analysis.refresh_from_db()
    assert analysis.status == Status.SUCCEEDED
    assert all(artefact.file.size for artefact in analysis.artefacts.all())


def test_writing_a_result_is_recorded(image: Image) -> None:
    analysis = run(in_state(image, Status.QUEUED))
    entry = AuditEntry.objects.get(action="analysis.result")
    assert (entry.object_id, entry.actor, entry.patient) == (str(analysis.pk), analysis.requested_by, image.lesion.patient)


def test_a_bad_image_is_an_outcome_with_a_sentence(image: Image) -> None:
    def refuse(_: str) -> None:
        raise ImageError("damaged", "The image is damaged.")

    analysis = run(in_state(image, Status.QUEUED), refuse)
    assert (analysis.status, analysis.failure_code, analysis.failure_message) == (Status.FAILED, "damaged", "The image is damaged.")


def test_an_image_whose_file_vanished_is_an_outcome_and_works_again_once_it_is_back(image: Image) -> None:
    with image.upright.open("rb") as file:
        data = file.read()
    image.upright.storage.delete(str(image.upright.name))
    analysis = run(in_state(image, Status.QUEUED))
    assert (analysis.status, analysis.failure_code, analysis.failure_message) == (Status.FAILED, "file-missing", FILE_MISSING)
    image.upright.storage.save(image.upright.name, ContentFile(data))
    services.retry_analysis(actor=image.uploaded_by, analysis=analysis)
    assert run(analysis).status == Status.SUCCEEDED


def test_missing_models_are_told_without_technical_detail(image: Image, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_: str) -> None:
        raise ModelError("no-models", "models/active.json cannot be read.")

    analysis = run(in_state(image, Status.QUEUED), refuse)
    assert (analysis.failure_code, analysis.failure_message) == ("no-models", jobs.MODELS_UNUSABLE)
    assert "active.json" in caplog.text


def test_a_fault_is_told_without_technical_detail_and_raised_for_the_log(image: Image) -> None:
    def stumble(_: str) -> None:
        raise ZeroDivisionError

    analysis = in_state(image, Status.QUEUED)
    with pytest.raises(ZeroDivisionError):
        run(analysis, stumble)
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code, analysis.failure_message) == (Status.FAILED, "unexpected", jobs.UNEXPECTED)


def test_a_full_disk_ends_in_a_state_and_leaves_nothing(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(pk: UUID, lease: UUID, name: str, _: bytes) -> str:
        storage.files.save(f"analyses/{pk}/{lease}/{name}", ContentFile(b"ha"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save", full)
    analysis = in_state(image, Status.QUEUED)
    with pytest.raises(OSError, match="No space"):
        run(analysis)
    analysis.refresh_from_db()
    assert analysis.status == Status.FAILED
    assert files_of(analysis) == []


def test_a_database_that_goes_away_leaves_the_rest_to_the_sweeper(image: Image) -> None:
    def lose_database(_: str) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    analysis = in_state(image, Status.QUEUED)
    with pytest.raises(OperationalError):
        run(analysis, lose_database)
    analysis.refresh_from_db()
    assert analysis.status == Status.RUNNING


def test_nothing_is_computed_inside_a_transaction(image: Image) -> None:
    depth = len(transaction.get_connection().savepoint_ids)  # the test's own
    seen: list[int] = []
    run(in_state(image, Status.QUEUED), lambda _: seen.append(len(transaction.get_connection().savepoint_ids)))
    assert seen == [depth] * len(STAGE_WORDS)


# --- stopping and repeating -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_a_live_analysis_can_be_stopped(image: Image, status: Status) -> None:
    analysis = in_state(image, status)
    services.cancel_analysis(actor=image.uploaded_by, analysis=analysis)
    services.cancel_analysis(actor=image.uploaded_by, analysis=analysis)
    analysis.refresh_from_db()
    assert analysis.status == Status.CANCELLED
    assert AuditEntry.objects.filter(action="analysis.cancel", object_id=str(analysis.pk)).count() == 1


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_an_ended_analysis_cannot_be_stopped(image: Image, status: Status) -> None:
    analysis = in_state(image, status)
    with pytest.raises(ClinicError, match="already ended"):
        services.cancel_analysis(actor=image.uploaded_by, analysis=analysis)


def test_a_worker_stops_after_the_stage_in_which_it_was_cancelled(image: Image) -> None:
    analysis, stages = in_state(image, Status.QUEUED), list[str]()

    def cancel(stage: str) -> None:
        stages.append(stage)
        if stage == "lesion":
            services.cancel_analysis(actor=image.uploaded_by, analysis=analysis)

    run(analysis, cancel)
    assert stages == ["classification", "occlusion", "lesion"]
    assert (analysis.status, analysis.result) == (Status.CANCELLED, None)
    assert files_of(analysis) == []


def test_a_failed_analysis_can_be_tried_again(image: Image, sent: Sent, django_capture_on_commit_callbacks: OnCommit) -> None:
    analysis = in_state(image, Status.FAILED, attempt=3)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.retry_analysis(actor=image.uploaded_by, analysis=analysis) == analysis
    assert sent == [str(analysis.pk)]
    assert run(analysis).status == Status.SUCCEEDED
    assert analysis.attempt == 1


def test_trying_again_leads_to_the_better_analysis_if_there_is_one(image: Image) -> None:
    failed, succeeded = in_state(image, Status.FAILED), in_state(image, Status.SUCCEEDED)
    assert services.retry_analysis(actor=image.uploaded_by, analysis=failed) == succeeded


def test_a_cancelled_analysis_cannot_be_tried_again(image: Image) -> None:
    with pytest.raises(ClinicError, match="that failed"):
        services.retry_analysis(actor=image.uploaded_by, analysis=in_state(image, Status.CANCELLED))


# --- healing ----------------------------------------------------------------------------------------------------------


def test_an_abandoned_analysis_is_queued_again(image: Image, sent: Sent) -> None:
    analysis = in_state(image, Status.RUNNING, stage="lesion", stages_done=2)
    expire(analysis)
    services.requeue_lost_analyses()
    analysis.refresh_from_db()
    assert (analysis.status, analysis.stages_done, analysis.attempt) == (Status.QUEUED, 0, 1)
    assert sent == [str(analysis.pk)]


def test_an_analysis_that_keeps_killing_workers_fails_with_a_sentence(image: Image, sent: Sent) -> None:
    analysis = in_state(image, Status.RUNNING, attempt=3)
    storage.save(Analysis.folder(analysis.pk), uuid4(), "lesion.png", b"half a file")
    expire(analysis)
    services.requeue_lost_analyses()
    analysis.refresh_from_db()
    assert (analysis.status, analysis.failure_code, analysis.failure_message) == (Status.FAILED, "worker-lost", jobs.WORKER_LOST)
    assert (sent, files_of(analysis)) == ([], [])


def test_a_lost_message_is_sent_again_once(image: Image, sent: Sent) -> None:
    analysis = in_state(image, Status.QUEUED, published_at=Now() - timedelta(hours=1))
    services.requeue_lost_analyses()
    services.requeue_lost_analyses()
    assert sent == [str(analysis.pk)]


@pytest.mark.parametrize("status", list(Status))
def test_the_sweeper_leaves_alone_what_is_well(image: Image, sent: Sent, status: Status) -> None:
    analysis = in_state(image, status)
    services.requeue_lost_analyses()
    assert (sent, Analysis.objects.get(pk=analysis.pk).status) == ([], status)
