"""Demo people, patients and drawn lesions, for trying things out. Loads them once; running it again changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from patients.demo import people
from patients.demo.load import load_demo


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo people have a published password, so they are only made where DEMO=1 is set.")
        load_demo()
        self.stdout.write(f"Demo log-ins, all with the password {people.PASSWORD}:")
        for username, name, role, at in people.PEOPLE:
            place = "" if at is None else f", {people.PRACTICES[at][0]}"
            self.stdout.write(f"  {username:<5} {name}: {role.lower() or 'no role'}{place}")
