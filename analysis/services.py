"""Everything that changes an analysis. Each function is one use case; each change of state one conditional UPDATE."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from analysis import regions, storage
from analysis.active_models import is_outdated
from analysis.models import Analysis, Artefact, Status
from analysis.permissions import can_request_analyses
from analysis.regions import Region
from analysis.vision.errors import ModelError, VisionError
from patients import audit
from patients.files import file_transaction, open_stored
from patients.models import Image, Lesion, User
from patients.permissions import get_for, require
from patients.services import add_image, prepare_image
from skinclinic.errors import ClinicError

if TYPE_CHECKING:
    from django.core.files import File

    from analysis.findings import Findings
    from analysis.inference import Analyser
    from patients.capture import CaptureFields

logger = logging.getLogger(__name__)

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
UNEXPECTED = "The analysis stopped because of a fault in the software, not in your image. Try again; tell your administrator if it recurs."
MODELS_UNUSABLE = "The models of this installation are missing or damaged. Tell your administrator; your image is kept."
WORKER_LOST = "The analysis was started several times and never finished. Try another image, or tell your administrator."


class LeaseLostError(Exception):
    """The analysis was cancelled or another worker took it over: whoever sees this stops quietly."""


# --- asking -----------------------------------------------------------------------------------------------------------


def submit_image(*, actor: User, lesion: Lesion, upload: File[bytes], capture: CaptureFields) -> tuple[Analysis, bool]:
    """Keep the image and ask for its analysis, both or neither; and whether the image is new: the same bytes give the same analysis."""
    prepared = prepare_image(actor=actor, lesion=lesion, upload=upload)
    with file_transaction():
        image, is_new = add_image(actor=actor, lesion=lesion, prepared=prepared, capture=capture)
        return request_analysis(actor=actor, image=image), is_new


def request_analysis(*, actor: User, image: Image, region: Region | None = None) -> Analysis:
    """The analysis of the image, or of a region of it, that is under way or has succeeded with the models in use, else a new one."""
    require(can_request_analyses(actor))
    with transaction.atomic():
        _lock(actor, image)
        if region:
            regions.check(region, image.width_px, image.height_px)
        if existing := _answer(image, region):
            return existing
        analysis = Analysis.objects.create(image=image, region=region and list(region), requested_by=actor)
        _audit(actor, "analysis.submit", analysis)
        _publish_on_commit(analysis.pk)
    return analysis


def retry_analysis(*, actor: User, analysis: Analysis) -> Analysis:
    """Queue a failed analysis again; if there is a better one of the same by now, that one is the answer."""
    require(can_request_analyses(actor))
    with transaction.atomic():
        _lock(actor, analysis.image)
        if existing := _answer(analysis.image, analysis.marked):
            return existing
        if not Analysis.objects.move(analysis.pk, Status.FAILED, Status.QUEUED, **FRESH, attempt=0, queued_at=Now()):
            raise ClinicError("analysis-not-failed", "Only an analysis that failed can be tried again.", 409)
        _audit(actor, "analysis.retry", analysis)
        _publish_on_commit(analysis.pk)
    return analysis


def cancel_analysis(*, actor: User, analysis: Analysis) -> None:
    """Stop an analysis; the worker that holds it notices after the stage it is in. Cancelling twice is no error."""
    require(can_request_analyses(actor))
    get_for(actor, Analysis.objects.only("pk"), analysis.pk)
    with transaction.atomic():
        live = (Status.QUEUED, Status.RUNNING)
        if Analysis.objects.move(analysis.pk, live, Status.CANCELLED, **UNLEASED, finished_at=Now()):
            _audit(actor, "analysis.cancel", analysis)
        elif not Analysis.objects.filter(pk=analysis.pk, status=Status.CANCELLED).exists():
            raise ClinicError("analysis-finished", "This analysis has already ended, so it cannot be stopped.", 409)


def _answer(image: Image, region: Region | None) -> Analysis | None:
    existing = Analysis.objects.answering(image, region)
    if existing and existing.status == Status.SUCCEEDED and is_outdated(existing):
        return None
    return existing


def _lock(actor: User, image: Image) -> None:
    """Two people who ask for the same image at the same moment take turns. 404 for whoever may not see it."""
    get_for(actor, Image.objects.select_for_update(of=("self",)).only("pk"), image.pk)


def _audit(actor: User, action: str, analysis: Analysis) -> None:
    detail = {"region": analysis.region} if analysis.region else {}
    audit.record(actor=actor, action=action, obj=analysis, patient=analysis.image.lesion.patient, detail=detail)


# --- sending ----------------------------------------------------------------------------------------------------------


def _publish_on_commit(pk: UUID) -> None:
    transaction.on_commit(partial(publish, pk))


def publish(pk: UUID) -> None:
    """Tell a worker. If the broker cannot be reached the row waits for the sweeper: nobody sees an error page."""
    from analysis.tasks import analyse_image_task

    try:
        analyse_image_task.delay(str(pk))
    except (BrokerError, RedisError):
        logger.warning("broker unreachable, analysis %s waits for the sweeper", pk)


# --- running ----------------------------------------------------------------------------------------------------------


def run_analysis(*, pk: UUID, analyser: Analyser | None = None) -> None:
    """Claim, compute, record. Delivered twice, cancelled or taken over: ends quietly and changes nothing."""
    lease = claim_analysis(pk=pk)
    if lease is None:
        return
    try:
        record_findings(pk=pk, lease=lease, findings=_compute(pk, lease, analyser))
    except LeaseLostError:
        storage.remove_run(pk, lease)
    except ModelError as error:
        logger.error("analysis %s: %s", pk, error.message)  # names of model folders: for the administrator only
        fail_analysis(pk=pk, lease=lease, code=error.code, message=MODELS_UNUSABLE)
    except (VisionError, ClinicError) as error:
        fail_analysis(pk=pk, lease=lease, code=error.code, message=error.message)
    except (OperationalError, InterfaceError):
        raise  # The lease runs out and the sweeper queues the analysis again.
    except Exception:
        fail_analysis(pk=pk, lease=lease, code="unexpected", message=UNEXPECTED)
        raise
    else:
        storage.remove_other_runs(pk, lease)


def claim_analysis(*, pk: UUID) -> UUID | None:
    """Take the analysis for this worker; None when it is not to be had."""
    lease = uuid4()
    claimed = Analysis.objects.claimable().move(
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


def record_stage(stage: str, *, pk: UUID, lease: UUID) -> None:
    """Show progress and prolong the lease."""
    mine = Analysis.objects.leased(lease).filter(pk=pk)
    if not mine.update(stage=stage, stages_done=F("stages_done") + 1, lease_expires_at=_lease_end()):
        raise LeaseLostError


def record_findings(*, pk: UUID, lease: UUID, findings: Findings) -> None:
    """Files first, under names of their own; then rows and state in one short transaction."""
    artefacts = [
        Artefact(analysis_id=pk, kind=kind, file=storage.save(pk, lease, name, data), sha256=storage.sha256(data))
        for kind, (name, data) in findings.files.items()
    ]
    with transaction.atomic():
        _finish(
            pk,
            lease,
            Status.SUCCEEDED,
            result=findings.result,
            p_malignant=findings.p_malignant,
            models_used=findings.models_used,
            timings_ms=findings.timings_ms,
        )
        Artefact.objects.bulk_create(artefacts)
        analysis = Analysis.objects.defer("result").select_related("requested_by", "image__lesion__patient").get(pk=pk)
        _audit(analysis.requested_by, "analysis.result", analysis)


def fail_analysis(*, pk: UUID, lease: UUID, code: str, message: str) -> None:
    """An outcome a person can read; nothing of the run remains on disk."""
    storage.remove_run(pk, lease)
    try:
        _finish(pk, lease, Status.FAILED, failure_code=code, failure_message=message)
    except LeaseLostError:
        logger.info("analysis %s failed after it was cancelled or taken over", pk)


def _finish(pk: UUID, lease: UUID, target: Status, **fields: Any) -> None:
    mine = Analysis.objects.leased(lease)
    if not mine.move(pk, Status.RUNNING, target, **UNLEASED, finished_at=Now(), **fields):
        raise LeaseLostError


def _compute(pk: UUID, lease: UUID, analyser: Analyser | None) -> Findings:
    from analysis import inference, visits  # these open the door to the networks: only workers come here
    from analysis.findings import pack

    analysis = Analysis.objects.only("region", "image").select_related("image").get(pk=pk)
    image, marked = analysis.image, analysis.marked
    with open_stored(image.upright) as file:
        data = file.read()
    output = (analyser or inference.analyse)(
        data,
        region=marked,
        pixel_spacing_mm=image.pixel_spacing_mm,
        on_stage=partial(record_stage, pk=pk, lease=lease),
    )
    # Which lesion of the earlier picture is the marked one nobody has said.
    return pack(output, None if marked else visits.compare_with_last(image, data, output))


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.ANALYSIS_LEASE_S)


# --- sweeping ---------------------------------------------------------------------------------------------------------


def requeue_lost() -> None:
    """Heal what a killed worker or an emptied broker left behind; safe to run anywhere, any number of times."""
    attempts = settings.ANALYSIS_MAX_ATTEMPTS
    for pk in _pks(Analysis.objects.abandoned().filter(attempt__gte=attempts)):
        _give_up(pk)
    for pk in _pks(Analysis.objects.abandoned().filter(attempt__lt=attempts)):
        if Analysis.objects.abandoned().move(pk, Status.RUNNING, Status.QUEUED, **FRESH):
            publish(pk)
    for pk in _pks(Analysis.objects.unheard().order_by("published_at")[: settings.ANALYSIS_REPUBLISH_BATCH]):
        if Analysis.objects.unheard().filter(pk=pk).update(published_at=Now()):
            publish(pk)


def _give_up(pk: UUID) -> None:
    reason = {"failure_code": "worker-lost", "failure_message": WORKER_LOST}
    if Analysis.objects.abandoned().move(pk, Status.RUNNING, Status.FAILED, **UNLEASED, finished_at=Now(), **reason):
        storage.remove_other_runs(pk, None)


def _pks(analyses: QuerySet[Analysis]) -> list[UUID]:
    return list(analyses.values_list("pk", flat=True))
