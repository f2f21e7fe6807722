"""The life of any job: claimed, computed, recorded; failed, abandoned, queued again. Each change of state is one conditional UPDATE."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from analysis import storage
from analysis.models import JobQuerySet, Status
from analysis.vision.errors import ModelError, VisionError
from skinclinic.errors import ClinicError

if TYPE_CHECKING:
    from celery import Task

logger = logging.getLogger(__name__)

Jobs = JobQuerySet[Any]
"""All rows of one kind of job."""

UNLEASED: Final[dict[str, Any]] = {"lease": None, "lease_expires_at": None}
FRESH: Final[dict[str, Any]] = {
    **UNLEASED,
    "stage": "",
    "stages_done": 0,
    "started_at": None,
    "finished_at": None,
    "failure_code": "",
    "failure_message": "",
    "published_at": Now(),
}
UNEXPECTED = "It stopped because of a fault in the software, not in your image. Try again; tell your administrator if it recurs."
MODELS_UNUSABLE = "The models of this installation are missing or damaged. Tell your administrator; your image is kept."
WORKER_LOST = (
    "It was started several times and never finished. Try again later or with another image; tell your administrator if it recurs."
)


class LeaseLostError(Exception):
    """The job was cancelled or another worker took it over: whoever sees this stops quietly."""


def publish(task: Task[[str], None], pk: UUID) -> None:
    """Tell a worker. If the broker cannot be reached the row waits for the sweeper: nobody sees an error page."""
    try:
        task.delay(str(pk))
    except (BrokerError, RedisError):
        logger.warning("broker unreachable, job %s waits for the sweeper", pk)


def run(jobs: Jobs, *, pk: UUID, work: Callable[[UUID], None]) -> None:
    """Claim, and let `work` compute and record under the lease. Delivered twice, cancelled or taken over: ends quietly, changes nothing."""
    lease = claim(jobs, pk=pk)
    if lease is None:
        return
    folder = jobs.model.folder(pk)
    try:
        work(lease)
    except LeaseLostError:
        storage.remove_run(folder, lease)
    except ModelError as error:
        logger.error("job %s: %s", pk, error.message)  # names of model folders: for the administrator only
        fail(jobs, pk=pk, lease=lease, code=error.code, message=MODELS_UNUSABLE)
    except (VisionError, ClinicError) as error:
        fail(jobs, pk=pk, lease=lease, code=error.code, message=error.message)
    except (OperationalError, InterfaceError):
        raise  # The lease runs out and the sweeper queues the job again.
    except Exception:
        fail(jobs, pk=pk, lease=lease, code="unexpected", message=UNEXPECTED)
        raise
    else:
        storage.remove_other_runs(folder, lease)


def claim(jobs: Jobs, *, pk: UUID) -> UUID | None:
    """Take the job for this worker; None when it is not to be had."""
    lease = uuid4()
    claimed = jobs.claimable().move(
        pk,
        (Status.QUEUED, Status.RUNNING),
        Status.RUNNING,
        lease=lease,
        lease_expires_at=_lease_end(),
        started_at=Now(),
        attempt=F("attempt") + 1,
        stage="",
        stages_done=0,
    )
    return lease if claimed else None


def record_stage(jobs: Jobs, stage: str, *, pk: UUID, lease: UUID, done: int | None = None) -> None:
    """Show progress, one stage more or as many as `done` says, and prolong the lease."""
    count = F("stages_done") + 1 if done is None else done
    if not jobs.leased(lease).filter(pk=pk).update(stage=stage, stages_done=count, lease_expires_at=_lease_end()):
        raise LeaseLostError


def finish(jobs: Jobs, pk: UUID, lease: UUID, target: Status, **fields: Any) -> None:
    if not jobs.leased(lease).move(pk, Status.RUNNING, target, **UNLEASED, finished_at=Now(), **fields):
        raise LeaseLostError


def fail(jobs: Jobs, *, pk: UUID, lease: UUID, code: str, message: str) -> None:
    """An outcome a person can read; nothing of the run remains on disk."""
    storage.remove_run(jobs.model.folder(pk), lease)
    try:
        finish(jobs, pk, lease, Status.FAILED, failure_code=code, failure_message=message)
    except LeaseLostError:
        logger.info("job %s failed after it was cancelled or taken over", pk)


def requeue_lost(jobs: Jobs, publish_again: Callable[[UUID], None]) -> None:
    """Heal what a killed worker or an emptied broker left behind; safe to run anywhere, any number of times."""
    attempts = settings.ANALYSIS_MAX_ATTEMPTS
    for pk in _pks(jobs.abandoned().filter(attempt__gte=attempts)):
        _give_up(jobs, pk)
    for pk in _pks(jobs.abandoned().filter(attempt__lt=attempts)):
        if jobs.abandoned().move(pk, Status.RUNNING, Status.QUEUED, **FRESH):
            publish_again(pk)
    for pk in _pks(jobs.unheard().order_by("published_at")[: settings.ANALYSIS_REPUBLISH_BATCH]):
        if jobs.unheard().filter(pk=pk).update(published_at=Now()):
            publish_again(pk)


def _give_up(jobs: Jobs, pk: UUID) -> None:
    reason = {"failure_code": "worker-lost", "failure_message": WORKER_LOST}
    if jobs.abandoned().move(pk, Status.RUNNING, Status.FAILED, **UNLEASED, finished_at=Now(), **reason):
        storage.remove_other_runs(jobs.model.folder(pk), None)


def _pks(jobs: QuerySet[Any]) -> list[UUID]:
    return list(jobs.values_list("pk", flat=True))


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.ANALYSIS_LEASE_S)
