"""Make the sums behind the dashboards anew from tickets, clocks and histories."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.dashboards import rollups
from inbox.management.base import Command as BaseCommand


class Command(BaseCommand):
    help = "Make the sums behind the dashboards anew. Harmless at any time; pages show the old ones until it is done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--changed", action="store_true", help="Only take in what has changed, as each minute does."
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        done = rollups.refresh(now) if options["changed"] else rollups.rebuild(now)
        facts = {"outcomes": done.outcomes, "days": done.days}
        text = f"{done.outcomes} tickets derived, {done.days} days summed up"
        self.report(facts, as_json=options["json"], text=text)
