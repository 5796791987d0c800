"""Ask the routing about one address."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from connectors.records import Place
from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError
from inbox.routing.assign import route_places
from inbox.routing.rules import Routing


class Command(BaseCommand):
    help = "Which ward an address or point belongs to today. Undecided is an answer: exit 0 and no unit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help='for example "42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh"; may be ""')
        parser.add_argument("--lat", type=float)
        parser.add_argument("--lng", type=float)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        lat, lng = options["lat"], options["lng"]
        if (lat is None) != (lng is None):
            raise UsageError("Give both --lat and --lng, or neither")
        (routing,) = route_places([Place(text=options["address"], lat=lat, lng=lng)], at=clock.now())
        self.report(_facts(routing), as_json=options["json"], text=_text(routing))


def _facts(routing: Routing) -> dict[str, Any]:
    chosen = next((c for c in routing.candidates if c["code"] == routing.unit_code), None)
    return {
        "unit": {"code": chosen["code"], "name": chosen["name"]} if chosen else None,
        "candidates": list(routing.candidates),
        "method": str(routing.method),
        "confidence": routing.confidence,
        "reason": routing.reason,
    }


def _text(routing: Routing) -> str:
    lines = [f"{c['code']}  {c['name']}  {c['confidence']:.2f}" for c in routing.candidates]
    answer = routing.unit_code or "undecided"
    return "\n".join([f"{answer} ({routing.method}): {routing.reason}", *lines])
