"""Give images of the demonstration an analysis: its records then show results."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Exists, OuterRef

from analysis import services
from analysis.models import Analysis
from patients.models import Case, Image


class Command(BaseCommand):
    help = "Ask for an analysis of images that have none; the workers compute them (--inline: this process does)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="no more than so many: of open cases first, then of those registered last")
        parser.add_argument("--inline", action="store_true", help="compute here and now, without a worker")

    def handle(self, *, inline: bool, limit: int | None = None, **_: Any) -> None:
        whole = Analysis.objects.filter(region__isnull=True)
        images = Image.objects.exclude(pk__in=whole.values("image")).select_related("lesion__patient", "uploaded_by")
        in_case = Exists(Case.objects.open().filter(lesion=OuterRef("lesion")))
        chosen = images.annotate(in_case=in_case).order_by("-in_case", "-lesion__patient__created_at")[:limit]
        # A later visit is compared with what is finished of the earlier ones.
        in_time = sorted(chosen, key=lambda image: image.day)
        asked = [services.request_analysis(actor=image.uploaded_by, image=image) for image in in_time]
        if inline:
            for analysis in Analysis.objects.filter(pk__in=[analysis.pk for analysis in asked]).order_by("queued_at"):
                services.run_analysis(pk=analysis.pk)
        self.stdout.write(f"{len(asked)} analyses {'computed' if inline else 'requested'}.")
