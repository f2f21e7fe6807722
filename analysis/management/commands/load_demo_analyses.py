"""Give every image an analysis: the demo record then shows results."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from analysis import services
from analysis.models import Analysis
from patients.models import Image


class Command(BaseCommand):
    help = "Ask for an analysis of every image that has none; the workers compute them (--inline: this process does)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--inline", action="store_true", help="compute here and now, without a worker")

    def handle(self, *, inline: bool, **_: Any) -> None:
        whole = Analysis.objects.filter(region__isnull=True)
        images = Image.objects.exclude(pk__in=whole.values("image")).select_related("lesion__patient", "uploaded_by")
        images = images.order_by("taken_on", "uploaded_at")  # a later visit is compared with what is finished of the earlier ones
        asked = [services.request_analysis(actor=image.uploaded_by, image=image) for image in images]
        if inline:
            for analysis in Analysis.objects.filter(pk__in=[analysis.pk for analysis in asked]).order_by("queued_at"):
                services.run_analysis(pk=analysis.pk)
        self.stdout.write(f"{len(asked)} analyses {'computed' if inline else 'requested'}.")
