"""Load what a demonstration needs: units, calendars, policies, accounts, and on request sources and tickets."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.desk.seed import load_desk
from inbox.management import demo
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError
from inbox.sla.seed import load_calendars, load_policies
from inbox.units.seed import load_units


class Command(BaseCommand):
    help = "Load units, calendars, policies and demo accounts; then synthetic tickets. Harmless to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, default=120, help="How many synthetic tickets there shall be.")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--sandbox", default="", metavar="URL", help="Set up three sources that point at a sandbox."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["tickets"] < 0:
            raise UsageError("--tickets cannot be negative")
        load_units()
        load_calendars()
        load_policies()
        load_desk(at=clock.now())
        password = demo.load_accounts(settings.DATA_DIR)
        if options["sandbox"]:
            demo.load_sources(options["sandbox"].rstrip("/"))
        made = demo.load_tickets(options["tickets"], seed=options["seed"], at=clock.now())
        self.stdout.write(f"Units, calendars, policies, replies and accounts are loaded; {made} tickets were added.")
        self.stdout.write(f"Accounts: {', '.join(demo.ACCOUNTS)}")
        self.stdout.write(f"Password: {password}")
