"""Everything that changes an explanation: a second, closer look at why a diagnosis got its probability."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from analysis import storage
from analysis.active_models import is_outdated
from analysis.models import ANSWERS, LIVE, Analysis, Explanation, ExplanationFile, Status
from analysis.permissions import can_request_analyses
from analysis.services import jobs
from patients import audit
from patients.files import open_stored
from patients.models import Image, User
from patients.permissions import get_for, require
from patients.services import require_care
from skinclinic.errors import ClinicError

if TYPE_CHECKING:
    from analysis.explained import Explained
    from analysis.inference import Explainer

PER_CENT = 100
"""`stages_done` of an explanation counts hundredths."""


def request_explanation(*, actor: User, analysis: Analysis, question: dict[str, Any]) -> Explanation:
    """The explanation that answers this question or is about to, else a new one. `question` has the fields of `Explanation.QUESTION`."""
    require(can_request_analyses(actor))
    with transaction.atomic():
        get_for(actor, Analysis.objects.select_for_update(of=("self",)).only("pk"), analysis.pk)
        _check(analysis)
        same = Explanation.objects.filter(analysis=analysis, **question)
        if existing := same.filter(status__in=ANSWERS).first():
            return existing
        require_care(analysis.image.lesion.patient)
        explanation = Explanation.objects.create(analysis=analysis, requested_by=actor, **question)
        _audit(actor, "explanation.submit", explanation)
        transaction.on_commit(partial(publish_explanation, explanation.pk))
    return explanation


def _check(analysis: Analysis) -> None:
    if analysis.status != Status.SUCCEEDED:
        raise ClinicError("analysis-unfinished", "Only a finished analysis can be explained.", 409)
    if is_outdated(analysis):
        message = "Other models are in use by now, and they answer differently. Analyse the image anew and explain that result."
        raise ClinicError("models-changed", message, 409)


def cancel_explanation(*, actor: User, explanation: Explanation) -> None:
    """The worker that holds it notices when it next tells how far it is, after at most 80 masks or one method. Twice is no error."""
    require(can_request_analyses(actor))
    get_for(actor, Explanation.objects.only("pk"), explanation.pk)
    with transaction.atomic():
        if Explanation.objects.move(explanation.pk, LIVE, Status.CANCELLED, **jobs.UNLEASED, finished_at=Now()):
            _audit(actor, "explanation.cancel", explanation)
        elif not Explanation.objects.filter(pk=explanation.pk, status=Status.CANCELLED).exists():
            raise ClinicError("explanation-finished", "This explanation has already ended, so it cannot be stopped.", 409)


def run_explanation(*, pk: UUID, explainer: Explainer | None = None) -> None:
    """Claim, compute, record."""

    def work(lease: UUID) -> None:
        _record(pk, lease, _compute(pk, lease, explainer))

    jobs.run(Explanation.objects.all(), pk=pk, work=work)


def publish_explanation(pk: UUID) -> None:
    from analysis.tasks import explain_task

    jobs.publish(explain_task, pk)


def requeue_lost_explanations() -> None:
    jobs.requeue_lost(Explanation.objects.all(), publish_explanation)


def _compute(pk: UUID, lease: UUID, explainer: Explainer | None) -> Explained:
    from analysis import inference  # opens the door to the networks: only workers come here
    from analysis.explained import pack

    explanation = Explanation.objects.select_related("analysis").get(pk=pk)
    _check(explanation.analysis)
    with open_stored(Image.objects.get(analyses=explanation.analysis).upright) as file:
        data = file.read()
    question = {name: getattr(explanation, name) for name in Explanation.QUESTION}
    look = explainer or inference.explain
    explained = pack(look(data, region=explanation.analysis.marked, on_progress=_Progress(pk, lease), **question))
    _check(explanation.analysis)  # once more: the models may have been changed while it ran
    return explained


class _Progress:
    """Writes down only what the page would show: hundredths. Every write prolongs the lease, and notices a cancellation."""

    def __init__(self, pk: UUID, lease: UUID) -> None:
        self._pk, self._lease, self._told = pk, lease, ("", -1)

    def __call__(self, method: str, share: float) -> None:
        now = method, int(share * PER_CENT)
        if now != self._told:
            jobs.record_stage(Explanation.objects.all(), method, pk=self._pk, lease=self._lease, done=now[1])
            self._told = now


def _record(pk: UUID, lease: UUID, explained: Explained) -> None:
    """Files first, under names of their own; then rows and state in one short transaction."""
    folder = Explanation.folder(pk)
    files = [
        ExplanationFile(explanation_id=pk, kind=kind, file=storage.save(folder, lease, name, data), sha256=storage.sha256(data))
        for kind, (name, data) in explained.files.items()
    ]
    with transaction.atomic():
        jobs.finish(Explanation.objects.all(), pk, lease, Status.SUCCEEDED, result=explained.result)
        ExplanationFile.objects.bulk_create(files)
        explanation = Explanation.objects.select_related("requested_by", "analysis__image__lesion__patient").defer("result").get(pk=pk)
        _audit(explanation.requested_by, "explanation.result", explanation)


def _audit(actor: User, action: str, explanation: Explanation) -> None:
    audit.record(actor=actor, action=action, obj=explanation, patient=explanation.analysis.image.lesion.patient)
