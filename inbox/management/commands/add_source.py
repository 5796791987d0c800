"""Set up a source, or set it up anew."""

from __future__ import annotations

import os
import re
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError
from inbox.sources.setup import save_source
from inbox.units.models import Unit

_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Command(BaseCommand):
    help = "Set up a source system. Secrets may be given as key=env:NAME, so that they stay out of the shell's history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--connector", required=True)
        parser.add_argument("--profile", default="")
        parser.add_argument("--label", default="")
        parser.add_argument("--short-label", default="")
        parser.add_argument("--unit", default="", help="Code of the unit that runs this source.")
        parser.add_argument("--every", default="5m", help="How often to read it: 30s, 5m, 1h.")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="values")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            source = save_source(
                options["slug"],
                connector=options["connector"],
                profile=options["profile"],
                label=options["label"],
                short_label=options["short_label"],
                unit=_unit(options["unit"]),
                poll_seconds=_seconds(options["every"]),
                values=dict(_pair(text) for text in options["values"]),
            )
        except Invalid as error:
            raise UsageError(f"{error.field}: {error}") from error
        self.stdout.write(f"{source.slug}: {source.label}, read every {source.poll_seconds} s")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--set wants KEY=VALUE, not {key!r}")
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise UsageError(f"{key}: the environment has no {name}")
        value = os.environ[name]
    return key, value


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    if not found or int(found[1]) == 0:
        raise UsageError(f"--every wants something like 30s, 5m or 1h, not {text!r}")
    return int(found[1]) * _SECONDS[found[2]]


def _unit(code: str) -> Unit | None:
    if not code:
        return None
    unit = Unit.objects.current(timezone.localdate(clock.now())).filter(code=code).first()
    if unit is None:
        raise UsageError(f"No unit with the code {code!r}")
    return unit
