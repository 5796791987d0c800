"""Make a key for a script. It is printed once; only its hash is kept."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from inbox.accounts.models import Official
from inbox.accounts.tokens import issue_token
from inbox.core import clock
from inbox.management.base import Command as ReportingCommand
from inbox.management.base import UsageError

LONGEST_DAYS = 3650


class Command(ReportingCommand):
    help = "Make an API token that acts as USERNAME. Prints the key once; send it as `Authorization: Token <key>`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="What the key is for, as it shows in the list of tokens.")
        parser.add_argument("--days", type=int, required=True, help=f"How long it lives, 1 to {LONGEST_DAYS} days.")
        parser.add_argument("--write", action="store_true", help="May also change things; without it, only reads.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        days, name = options["days"], options["name"].strip()
        if not 1 <= days <= LONGEST_DAYS:
            raise UsageError(f"--days must be from 1 to {LONGEST_DAYS}")
        if not 1 <= len(name) <= 100:
            raise UsageError("--name must have 1 to 100 characters")
        official = Official.objects.filter(username=options["username"], is_active=True).first()
        if official is None:
            raise UsageError(f"No active official named {options['username']!r}")
        token, key = issue_token(
            official, name=name, lifetime=timedelta(days=days), can_write=options["write"], at=clock.now()
        )
        facts = {"key": key, "name": token.name, "can_write": token.can_write, "expires_at": token.expires_at}
        self.report(facts, as_json=options["json"], text=key)
