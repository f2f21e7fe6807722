"""What must be true of the data before the programs start: tables, collected static files, and the demo people and cases."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

import django
from django.conf import settings
from django.core.management import call_command

DEMO_ANALYSES = 60
"""Enough to look at; more would keep the first picture that somebody sends waiting."""


def prepare() -> int:
    """Everything that is said on the way goes to the log; standard output is what the demo command prints."""
    django.setup()
    with redirect_stdout(sys.stderr):
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
        call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    print(_load_demo())
    return 0


def _load_demo() -> str:
    if not settings.DEMO:
        return ""
    said = io.StringIO()
    call_command("load_demo", stdout=said)
    call_command("load_demo_analyses", limit=DEMO_ANALYSES, stdout=sys.stderr)
    return said.getvalue()
