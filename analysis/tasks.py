"""What Celery runs. Arguments are primary keys; the work is in `services`."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready

from analysis import services

logger = logging.getLogger(__name__)


@shared_task
def analyse_image_task(analysis_id: str) -> None:
    services.run_analysis(pk=UUID(analysis_id))


@shared_task
def requeue_lost_task() -> None:
    services.requeue_lost()


@worker_ready.connect
def warm_up_inference(sender: Any, **_: Any) -> None:
    """Workers that serve the inference queue load their models before the first analysis arrives."""
    if "inference" not in sender.app.amqp.queues.consume_from:
        return
    from analysis import inference

    try:
        inference.warm_up()
    except Exception:
        logger.exception("the models could not be loaded; analyses will fail until they can")
