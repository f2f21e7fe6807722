"""manage.py index_patients: builds the search of patients anew, as after an import that went past the services."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from patients.services.vocabulary import index_everybody


class Command(BaseCommand):
    help = "Builds the index by which patients are found anew."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{index_everybody()} patients can be found.")
