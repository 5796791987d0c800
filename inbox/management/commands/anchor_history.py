"""Make today's anchor by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.tickets.anchors import anchor, anchor_content


class Command(BaseCommand):
    help = "Seal all histories as they stand; once a local day, a second call shows that day's anchor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        made = anchor(at=clock.now())
        facts = anchor_content(made) | {"previous": made.previous_hash, "hash": made.hash}
        text = f"{made.day}: {made.changed} of {made.tickets} histories moved, anchor {made.hash}"
        self.report(facts, as_json=options["json"], text=text)
