"""The project package: what every app stands on. Importing it makes the Celery application the current one."""

from skinclinic.celery import app as celery_app

__all__ = ["celery_app"]
