"""Read one source now, by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inbox.core.errors import Busy
from inbox.intake.sync import sync_source
from inbox.management.base import Command as BaseCommand
from inbox.management.base import source_or_error
from inbox.sources.vocabulary import MANUAL, RunOutcome


class Command(BaseCommand):
    help = "Read one source now; ignores its schedule. A source that somebody else is reading is an error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--full", action="store_true", help="Read everything there is, not only what changed.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        source = source_or_error(options["slug"])
        if source.connector == MANUAL:
            raise CommandError(f"{source.slug}: entered by hand, there is nothing to read")
        try:
            run = sync_source(source, full=options["full"])
        except Busy as busy:
            raise CommandError(f"{source.slug}: being read by {busy.owner or 'somebody else'}") from busy
        counts = {name: getattr(run, name) for name in ("fetched", "created", "updated", "unchanged", "rejected")}
        facts = counts | {"cursor": source.cursor}
        text = f"{source.slug}: " + ", ".join(f"{value} {name}" for name, value in counts.items())
        self.report(facts, as_json=options["json"], text=text)
        if run.outcome != RunOutcome.OK:
            raise CommandError(f"{source.slug}: {run.error_code}: {run.error_detail}")
