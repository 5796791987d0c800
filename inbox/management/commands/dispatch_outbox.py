"""Send what waits for the sources."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.management.base import Command as BaseCommand
from inbox.management.base import moment_or_error
from inbox.outbox.dispatch import dispatch


class Command(BaseCommand):
    help = "Send the messages that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", default="", metavar="ISO", help="Treat messages as due that are due by then.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = dispatch(at=moment_or_error(options["at"]) if options["at"] else None)
        text = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing is due"
        self.report(dict(counts), as_json=options["json"], text=text)
