"""Learn anew how long answers take, and say of every open ticket how likely it is to be late."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.sla import foresight


class Command(BaseCommand):
    help = "Learn handling times from the last year and refresh the forecast of every open ticket."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        facts = {"groups": foresight.learn(now), "changed": foresight.refresh(now)}
        text = f"{facts['groups']} groups of tickets learnt from, {facts['changed']} forecasts changed"
        self.report(facts, as_json=options["json"], text=text)
