"""Publish the monthly open data now, or write them to a folder to be looked at first."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from inbox.core import clock
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError
from inbox.reports import open_data


class Command(BaseCommand):
    help = "Publish anonymous data of the last 24 whole months at /open-data/, as CSV and JSON. Replaces the last ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--copy-to", metavar="FOLDER", help="also put both files there")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["copy_to"]) if options["copy_to"] else None
        if folder is not None and not folder.is_dir():
            raise UsageError(f"No folder {str(folder)!r}")
        made = open_data.release(clock.now())
        if folder is not None:
            for suffix in ("csv", "json"):
                found = open_data.opened(suffix)
                if found is not None:
                    with found[1] as file, (folder / f"phan-anh.{suffix}").open("wb") as copy:
                        shutil.copyfileobj(file, copy)
        facts = {
            "first_month": f"{made.first_month:%Y-%m}",
            "last_month": f"{made.last_month:%Y-%m}",
            "rows": made.rows,
            "coarser": made.coarser,
            "left_out": made.left_out,
        }
        text = (
            f"{facts['first_month']} to {facts['last_month']}: {made.rows} rows, {made.coarser} of them made coarser; "
            f"{made.left_out} tickets left out"
        )
        self.report(facts, as_json=options["json"], text=text)
