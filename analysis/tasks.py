"""What Celery runs. Arguments are primary keys; the work is in `services`."""

from __future__ import annotations

import logging
import os
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready

from analysis import services
from skinclinic.celery import EXPLAIN, INFERENCE

logger = logging.getLogger(__name__)


@shared_task
def analyse_image_task(analysis_id: str) -> None:
    services.run_analysis(pk=UUID(analysis_id))


@shared_task
def explain_task(explanation_id: str) -> None:
    services.run_explanation(pk=UUID(explanation_id))


@shared_task
def requeue_lost_task() -> None:
    services.requeue_lost_analyses()
    services.requeue_lost_explanations()


@worker_ready.connect
def give_way(sender: Any, **_: Any) -> None:
    """Workers that only explain leave the processor to those that somebody waits a second for."""
    if set(sender.app.amqp.queues.consume_from) == {EXPLAIN}:
        os.nice(10)


@worker_ready.connect
def warm_up_inference(sender: Any, **_: Any) -> None:
    """Workers that serve the inference queue load their models before the first analysis arrives."""
    if INFERENCE not in sender.app.amqp.queues.consume_from:
        return
    from analysis import inference

    try:
        inference.warm_up()
    except Exception:
        logger.exception("the models could not be loaded; analyses will fail until they can")
