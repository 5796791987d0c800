"""Look for evidence now instead of at the next round."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.touched import count_touched
from inbox.management.base import Command as BaseCommand
from inbox.management.base import moment_or_error, ticket_or_error


class Command(BaseCommand):
    help = "Put on record what was done in time and hindered on its way. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticket", default="", metavar="CODE")
        parser.add_argument("--at", metavar="ISO", help="as if it were this instant; default: now")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        at = moment_or_error(options["at"]) if options["at"] else clock.now()
        ticket = ticket_or_error(options["ticket"]) if options["ticket"] else None
        done = collect(at=at, ticket_id=ticket.pk if ticket else None)
        count_touched(at=at)
        facts = {"created": done.created, "amended": done.amended}
        self.report(facts, as_json=options["json"], text=f"{done.created} records made, {done.amended} amended")
