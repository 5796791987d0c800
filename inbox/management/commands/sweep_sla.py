"""One round of the deadline sweep by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.management.base import moment_or_error
from inbox.sla.sweep import sweep


class Command(BaseCommand):
    help = "Mark what has become due soon or overdue, once per clock and due date. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", metavar="ISO", help="as if it were this instant; default: now")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        at = moment_or_error(options["at"]) if options["at"] else clock.now()
        result = sweep(at)
        text = f"due soon: {result.due_soon}, overdue: {result.overdue}, pauses ended: {result.resumed}"
        self.report({"at": at.isoformat(), **asdict(result)}, as_json=options["json"], text=text)
