"""Add synthetic tickets in bulk, for benchmarks and load. Never on an installation that serves citizens."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inbox.actions.fill_tickets import fill_tickets
from inbox.core import clock
from inbox.dashboards import rollups
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError


class Command(BaseCommand):
    help = "Add N made-up tickets with histories, clocks, pauses and deliveries, spread over the last months."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, metavar="N", help="How many tickets to add.")
        parser.add_argument("--months", type=int, default=12, help="Over how many months they came in.")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        number, months = options["number"], options["months"]
        if number < 0 or months < 1:
            raise UsageError("N cannot be negative, and --months is at least 1")
        try:
            made_up = fill_tickets(number, months=months, seed=options["seed"], at=clock.now())
        except LookupError as error:
            raise CommandError(str(error)) from error
        rollups.rebuild(clock.now())  # made-up tickets changed long ago, so upkeep would not find them
        facts = {"added": number, "made_up": made_up, "copied": number - made_up}
        text = f"{number} tickets added: {made_up} made up, {number - made_up} copied from those"
        self.report(facts, as_json=options["json"], text=text)
