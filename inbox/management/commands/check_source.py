"""Log in to a source and make the smallest possible read."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from connectors.errors import ConnectorError
from inbox.management.base import Command as BaseCommand
from inbox.management.base import source_or_error
from inbox.sources.runtime import build_connector


class Command(BaseCommand):
    help = "Log in to a source and make the smallest possible read; nothing is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        source = source_or_error(options["slug"])
        try:
            seen = build_connector(source).check()
        except ConnectorError as error:
            raise CommandError(f"{source.slug}: {error.code}: {error.detail}") from error
        self.stdout.write(f"{source.slug}: {seen}")
