"""The Celery application: four queues, JSON only, late acknowledgement, no results."""

from __future__ import annotations

import faulthandler
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings")

INFERENCE, EXPLAIN, TRAINING, DEFAULT = QUEUES = ("inference", "explain", "training", "default")

app = Celery("skinclinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves the logging of the settings alone."""


@task_prerun.connect
def start_watchdog(task: Any = None, **_: Any) -> None:
    """The solo pool enforces no time limits, so a hanging job would hold its worker for ever: end the process instead.

    Whoever keeps the worker alive starts it again, and the sweeper finds the job by its expired lease.
    """
    limit_s = task.time_limit or app.conf.task_time_limit
    faulthandler.dump_traceback_later(limit_s, exit=True)


@task_postrun.connect
def stop_watchdog(**_: Any) -> None:
    faulthandler.cancel_dump_traceback_later()
