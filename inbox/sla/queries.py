"""From rows to arithmetic: calendars, targets and clocks as the pure files want them. Reads only.

A calendar with its tables is built once per process for each content it ever had: an edit is another content, so
nothing needs to be invalidated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, time, timedelta
from functools import lru_cache

from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import Clock, Pause, WorkingDays
from inbox.sla.models import CalendarOverride, ClockPause, SlaClock, TargetUnit, WorkCalendar

_LENGTHS = {
    TargetUnit.MINUTES: timedelta(minutes=1),
    TargetUnit.HOURS: timedelta(hours=1),
    TargetUnit.CALENDAR_DAYS: timedelta(days=1),
    TargetUnit.WORKING_MINUTES: timedelta(minutes=1),
    TargetUnit.WORKING_HOURS: timedelta(hours=1),
}
ROUND_THE_CLOCK = frozenset({TargetUnit.MINUTES, TargetUnit.HOURS, TargetUnit.CALENDAR_DAYS})

_Content = tuple[str, str, tuple[tuple[date, str], ...]]


class Calendars:
    """All calendars as they are now. Make one per batch: it takes two queries."""

    def __init__(self) -> None:
        overrides: dict[int, list[tuple[date, str]]] = {}
        for pk, day, intervals in CalendarOverride.objects.order_by("date").values_list(
            "calendar_id", "date", "intervals"
        ):
            overrides.setdefault(pk, []).append((day, json.dumps(intervals)))
        self._contents: dict[int, _Content] = {}
        self.default_id: int | None = None
        for row in WorkCalendar.objects.order_by("pk"):
            self._contents[row.pk] = (row.time_zone, json.dumps(row.weekly), tuple(overrides.get(row.pk, ())))
            if row.is_default or self.default_id is None:
                self.default_id = row.pk

    def __contains__(self, calendar_id: int) -> bool:
        return calendar_id in self._contents

    def working(self, calendar_id: int) -> WorkingCalendar:
        """The office hours of a calendar."""
        return _built(*self._contents[calendar_id])

    def counting(self, calendar_id: int, unit: str) -> WorkingCalendar:
        """The calendar on which an amount in `unit` is counted: one that never closes for units round the clock."""
        if unit in ROUND_THE_CLOCK:
            return _never_closed(self._contents[calendar_id][0])
        return self.working(calendar_id)


def calendar_named(slug: str = "") -> WorkingCalendar:
    """The office hours of one calendar, the default one without a name. Raises LookupError naming those there are."""
    rows = dict(WorkCalendar.objects.values_list("slug", "pk"))
    calendars = Calendars()
    pk = rows.get(slug) if slug else calendars.default_id
    if pk is None:
        raise LookupError(f"No calendar {slug!r}; there are: {', '.join(sorted(rows)) or 'none yet'}")
    return calendars.working(pk)


@lru_cache(maxsize=64)
def _built(time_zone: str, weekly: str, overrides: tuple[tuple[date, str], ...]) -> WorkingCalendar:
    days = {int(day): intervals for day, intervals in json.loads(weekly).items()}
    return WorkingCalendar(days, {day: json.loads(intervals) for day, intervals in overrides}, time_zone)


@lru_cache(maxsize=8)
def _never_closed(time_zone: str) -> WorkingCalendar:
    return WorkingCalendar({day: [(time.min, "24:00")] for day in range(7)}, {}, time_zone)


def target_of(amount: int, unit: str) -> timedelta | WorkingDays:
    """An amount as the clock wants it."""
    return WorkingDays(amount) if unit == TargetUnit.WORKING_DAYS else amount * _LENGTHS[TargetUnit(unit)]


def clock_of(row: SlaClock, pauses: Iterable[ClockPause], calendars: Calendars) -> Clock:
    """The arithmetic of one row with its pauses."""
    spans: list[Pause] = [(pause.from_at, pause.to_at) for pause in pauses]
    return Clock(
        calendars.counting(row.calendar_id, row.target_unit),
        target_of(row.target_amount, row.target_unit),
        row.started_at,
        spans,
        row.met_at,
        row.extension,
    )
