"""Find open tickets that may be about the same matter. Suggests; never links anything."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.duplicates.queries import Pair, pairs
from inbox.management.base import Command as BaseCommand


class Command(BaseCommand):
    help = "Pairs of open tickets of one unit and field that may be about the same matter, the most alike first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = sorted(pairs(), key=lambda pair: (-pair.likeness.percent, pair.earlier.pk, pair.later.pk))
        lines = [_line(pair) for pair in found] or ["No two open tickets look alike"]
        self.report({"pairs": [_facts(pair) for pair in found]}, as_json=options["json"], text="\n".join(lines))


def _facts(pair: Pair) -> dict[str, Any]:
    return {
        "main": pair.earlier.code,
        "ticket": pair.later.code,
        "percent": pair.likeness.percent,
        "metres": pair.likeness.metres,
    }


def _line(pair: Pair) -> str:
    apart = "" if pair.likeness.metres is None else f", {pair.likeness.metres} m apart"
    return f"{pair.later.code} is like {pair.earlier.code}: {pair.likeness.percent} %{apart}"
