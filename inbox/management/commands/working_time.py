"""Reckon with working time on the command line: when is it due, how much lies between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser

from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError, moment_or_error
from inbox.sla.calendar import WorkingCalendar
from inbox.sla.queries import calendar_named


class Command(BaseCommand):
    help = "Working time: `due` adds an amount to a start, `between` measures. Times without an offset are local."

    def add_arguments(self, parser: CommandParser) -> None:
        words = parser.add_subparsers(dest="word", required=True, metavar="due|between")
        due = words.add_parser("due", help="when so much working time after --start is used up")
        amount = due.add_mutually_exclusive_group(required=True)
        amount.add_argument("--minutes", type=int, help="working minutes")
        amount.add_argument("--hours", type=int, help="working hours")
        amount.add_argument("--days", type=int, help="working days")
        between = words.add_parser("between", help="the working time from --start to --end")
        between.add_argument("--end", required=True, metavar="ISO")
        for word in (due, between):
            word.add_argument("--start", required=True, metavar="ISO")
            word.add_argument("--calendar", default="", metavar="SLUG", help="default: the default calendar")
            word.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            calendar = calendar_named(options["calendar"])
        except LookupError as error:
            raise UsageError(str(error)) from error
        start = moment_or_error(options["start"])
        try:
            if options["word"] == "due":
                self._due(calendar, start, options)
            else:
                self._between(calendar, start, moment_or_error(options["end"]), as_json=options["json"])
        except ValueError as error:
            raise UsageError(str(error)) from error

    def _due(self, calendar: WorkingCalendar, start: datetime, options: dict[str, Any]) -> None:
        if options["days"] is not None:
            due = calendar.add_days(start, options["days"])
        else:
            minutes, hours = options["minutes"] or 0, options["hours"] or 0
            due = calendar.add(start, timedelta(minutes=minutes, hours=hours))
        self.report({"start": start.isoformat(), "due": due.isoformat()}, as_json=options["json"], text=due.isoformat())

    def _between(self, calendar: WorkingCalendar, start: datetime, end: datetime, *, as_json: bool) -> None:
        worked = calendar.between(start, end)
        facts = {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "minutes": worked / timedelta(minutes=1),
            "time": _hours_and_minutes(worked),
        }
        self.report(facts, as_json=as_json, text=_hours_and_minutes(worked))


def _hours_and_minutes(worked: timedelta) -> str:
    minutes, seconds = divmod(int(worked.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
