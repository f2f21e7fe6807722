"""The audit trail: `verify` proves that no row was altered, removed or moved, `head` prints what to write down elsewhere."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from patients.trail import anchors, chain
from patients.trail.chain import Head, Report

HEAD = re.compile(r"([1-9][0-9]*):([0-9a-f]{64})")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verify = acts.add_parser("verify", help="Compute every seal anew; exit code 1 where the trail is broken.")
        verify.add_argument("--head", action="append", default=[], help="POSITION:HASH, written down earlier; may be repeated.")
        acts.add_parser("head", help="Print the newest seal as POSITION:HASH.")

    def handle(self, *_args: Any, act: str, **options: Any) -> None:
        if act == "head":
            self.stdout.write(str(chain.head() or "The trail is empty."))
            return
        written = [_parsed(text) for text in options["head"]]
        noted = _noted()
        report = chain.verify([*written, *noted])
        if report.broken:
            raise CommandError(_complaint(report))
        compared = f"{len(noted)} noted heads and {len(written)} given ones agree"
        self.stdout.write(f"The audit trail is whole: {report.entries} entries, {compared}.\nHead: {report.head or 'none'}")


def _parsed(text: str) -> Head:
    match = HEAD.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"{text!r} is no head. Give it as `audit head` printed it: POSITION:HASH.", returncode=2)
    return Head(int(match[1]), match[2])


def _noted() -> list[Head]:
    try:
        return list(anchors.noted_heads())
    except anchors.UnreadableAnchorError as error:
        raise CommandError(f"{error} Keep the file as it is and find out who wrote to it.") from None


def _complaint(report: Report) -> str:
    lines = [f"position {found.position}: {found.what}" if found.position else found.what for found in report.breaks]
    more = report.broken - len(report.breaks)
    rest = [f"… and {more} more."] if more else []
    return "\n".join(
        ["The audit trail is broken, first at:", *lines, *rest, "Change nothing, keep a copy of the database and call for help."]
    )
