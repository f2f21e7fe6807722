"""Makes an administrator: the first account of an installation, or another one. Everybody else gets theirs from an administrator."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from patients import audit
from patients.models import Role, User


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--name", default="", help="As it appears beside what this person did.")

    def handle(self, *_args: Any, username: str, email: str, name: str, **_options: Any) -> None:
        user = User(username=username, email=email, display_name=name, role=Role.ADMIN)
        password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass(f"Password for {username}: ")
        try:
            validate_password(password, user)
            user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            user.save()
            audit.record(actor=AnonymousUser(), action="account.create", obj=user, detail={"by": "create_admin"})
        self.stdout.write(f"{username} is an administrator and can log in.")
