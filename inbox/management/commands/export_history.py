"""Give history and anchors away, in a form that others can check without us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError, ticket_or_error
from inbox.tickets.anchors import exported_anchors, exported_history


class Command(BaseCommand):
    help = "Write the chained history of one ticket, or all daily anchors, as JSON. Carries no personal data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", nargs="?", default="", help="PA-000123")
        parser.add_argument("--anchors", action="store_true", help="the daily anchors instead of a ticket")
        parser.add_argument("--out", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["code"]) is options["anchors"]:
            raise UsageError("Give either a ticket's code or --anchors")
        rows = exported_anchors() if options["anchors"] else exported_history(ticket_or_error(options["code"]))
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        if options["out"]:
            Path(options["out"]).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
