"""Bring open deadlines in line with the calendars as they are now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.sla.recalculate import Move, preview, recalculate


class Command(BaseCommand):
    help = "Recalculate open clocks after a calendar changed. Each moved deadline is recorded in the ticket's history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would move")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        moves = preview() if options["dry_run"] else recalculate(at=clock.now())
        facts = {
            "dry_run": options["dry_run"],
            "moved": len(moves),
            "clocks": [_facts(move) for move in moves],
        }
        lines = [_line(move) for move in moves]
        verb = "would move" if options["dry_run"] else "moved"
        self.report(facts, as_json=options["json"], text="\n".join([*lines, f"{len(moves)} deadlines {verb}"]))


def _facts(move: Move) -> dict[str, Any]:
    return {
        "ticket": move.ticket,
        "clock": move.kind,
        "before": timezone.localtime(move.before).isoformat(),
        "after": timezone.localtime(move.after).isoformat(),
    }


def _line(move: Move) -> str:
    before, after = timezone.localtime(move.before), timezone.localtime(move.after)
    return f"{move.ticket} {move.kind}: {before:%Y-%m-%d %H:%M} → {after:%Y-%m-%d %H:%M}"
