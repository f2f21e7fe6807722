"""Everything that changes an analysis. Each function is one use case."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from analysis import regions, storage
from analysis.active_models import is_outdated
from analysis.models import Analysis, Artefact, Status
from analysis.permissions import can_request_analyses
from analysis.regions import Region
from analysis.scale import has_other_scale
from analysis.services import jobs
from patients import audit
from patients.files import file_transaction, open_stored
from patients.models import Dermatoscope, Image, Lesion, User
from patients.permissions import get_for, require
from patients.services import add_image, prepare_image, raise_alert, require_care
from skinclinic.errors import ClinicError

if TYPE_CHECKING:
    from django.core.files import File

    from analysis.findings import Findings
    from analysis.inference import Analyser
    from patients.capture import CaptureFields

# --- asking -----------------------------------------------------------------------------------------------------------


def submit_image(
    *, actor: User, lesion: Lesion, upload: File[bytes], capture: CaptureFields, dermatoscope: Dermatoscope | None = None
) -> tuple[Analysis, bool]:
    """Keep the image and ask for its analysis, both or neither; and whether the image is new: the same bytes give the same analysis."""
    prepared = prepare_image(actor=actor, lesion=lesion, upload=upload)
    with file_transaction():
        image, is_new = add_image(actor=actor, lesion=lesion, prepared=prepared, capture=capture, dermatoscope=dermatoscope)
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
        require_care(image.lesion.patient)
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
        require_care(analysis.image.lesion.patient)
        if not Analysis.objects.move(analysis.pk, Status.FAILED, Status.QUEUED, **jobs.FRESH, attempt=0, queued_at=Now()):
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
        if Analysis.objects.move(analysis.pk, live, Status.CANCELLED, **jobs.UNLEASED, finished_at=Now()):
            _audit(actor, "analysis.cancel", analysis)
        elif not Analysis.objects.filter(pk=analysis.pk, status=Status.CANCELLED).exists():
            raise ClinicError("analysis-finished", "This analysis has already ended, so it cannot be stopped.", 409)


def _answer(image: Image, region: Region | None) -> Analysis | None:
    existing = Analysis.objects.answering(image, region)
    if existing and existing.status == Status.SUCCEEDED and (is_outdated(existing) or has_other_scale(existing)):
        return None
    return existing


def _lock(actor: User, image: Image) -> None:
    """Two people who ask for the same image at the same moment take turns. 404 for whoever may not see it."""
    get_for(actor, Image.objects.select_for_update(of=("self",)).only("pk"), image.pk)


def _audit(actor: User, action: str, analysis: Analysis) -> None:
    detail = {"region": analysis.region} if analysis.region else {}
    audit.record(actor=actor, action=action, obj=analysis, patient=analysis.image.lesion.patient, detail=detail)


# --- running ----------------------------------------------------------------------------------------------------------


def run_analysis(*, pk: UUID, analyser: Analyser | None = None) -> None:
    """Claim, compute, record."""

    def work(lease: UUID) -> None:
        record_findings(pk=pk, lease=lease, findings=_compute(pk, lease, analyser))

    jobs.run(Analysis.objects.all(), pk=pk, work=work)


def record_findings(*, pk: UUID, lease: UUID, findings: Findings) -> None:
    """Files first, under names of their own; then rows and state in one short transaction."""
    folder = Analysis.folder(pk)
    artefacts = [
        Artefact(analysis_id=pk, kind=kind, file=storage.save(folder, lease, name, data), sha256=storage.sha256(data))
        for kind, (name, data) in findings.files.items()
    ]
    with transaction.atomic():
        jobs.finish(
            Analysis.objects.all(),
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
        if not analysis.marked:  # a marked region may be another lesion's
            raise_alert(image=analysis.image, alert=findings.p_malignant)
        _audit(analysis.requested_by, "analysis.result", analysis)


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
        on_stage=partial(jobs.record_stage, Analysis.objects.all(), pk=pk, lease=lease),
    )
    # Which lesion of the earlier picture is the marked one nobody has said.
    since = None if marked else visits.compare_with_last(image, data, output)
    return pack(output, since, image.pixel_spacing_mm)


# --- sending and sweeping ---------------------------------------------------------------------------------------------


def publish_analysis(pk: UUID) -> None:
    from analysis.tasks import analyse_image_task

    jobs.publish(analyse_image_task, pk)


def _publish_on_commit(pk: UUID) -> None:
    transaction.on_commit(partial(publish_analysis, pk))


def requeue_lost_analyses() -> None:
    jobs.requeue_lost(Analysis.objects.all(), publish_analysis)
