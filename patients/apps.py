"""Records of practices, people, patients, lesions and images. Knows nothing of models and analyses."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"
    default_auto_field = "django.db.models.BigAutoField"
