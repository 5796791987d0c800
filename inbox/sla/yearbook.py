"""What the calendar pages show: a year at a glance, who decided what on which legal basis, and what is under way.

Reads only; the words come from the doors. Who may look holds VIEW_DEADLINES.
"""

from __future__ import annotations

import calendar as months_of
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Count, Q, QuerySet

from inbox.accounts.models import Official
from inbox.core.errors import NotFound
from inbox.sla.calendar import Intervals, WorkingCalendar
from inbox.sla.models import CalendarChange, CalendarOverride, Changed, Recalculation, UnitCalendar, WorkCalendar
from inbox.sla.queries import Calendars, require_view
from inbox.units.models import Unit

LAST_CHANGES, LAST_JOBS = 20, 3


class Kind(StrEnum):
    """What a date is, compared with the week that holds then."""

    WORKED = "worked"  # as in the week
    FREE = "free"  # as in the week, which has no opening then
    OFF = "off"  # set apart: nobody works
    EXTRA = "extra"  # set apart: worked although the week has no opening
    OTHER_HOURS = "other_hours"  # set apart: other hours than in the week


@dataclass(frozen=True, slots=True)
class Date:
    """One date of a calendar. `inherited`: set apart by the calendar that this one follows."""

    date: date
    kind: Kind
    intervals: Intervals
    override: CalendarOverride | None = None
    inherited: bool = False
    decision: CalendarChange | None = None

    @property
    def is_special(self) -> bool:
        return self.override is not None

    @property
    def is_waiting(self) -> bool:
        """Set apart, but its decree is still to come."""
        return self.override is not None and not self.override.confirmed


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month, Monday first; None where a day belongs to another month."""

    first: date
    weeks: Sequence[Sequence[Date | None]]


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar's year. `working_days` counts dates with an opening."""

    number: int
    months: Sequence[Month]
    special: Sequence[Date]
    working_days: int


@dataclass(frozen=True, slots=True)
class Week:
    """Opening hours from Monday to Sunday. `since` is None for the week from the beginning."""

    since: date | None
    days: Sequence[Intervals]


def calendars(official: Official) -> QuerySet[WorkCalendar]:
    """All calendars, the default one first, with `.waiting`, how many of their dates are to be confirmed, and units.

    Raises NotAllowed.
    """
    require_view(official)
    return (
        WorkCalendar.objects.select_related("follows")
        .prefetch_related("units__unit")
        .annotate(waiting=Count("overrides", filter=Q(overrides__confirmed=False)))
        .order_by("-is_default", "name")
    )


def calendar(slug: str, official: Official) -> WorkCalendar:
    """One such calendar. Raises NotAllowed, NotFound."""
    found = calendars(official).filter(slug=slug).first()
    if found is None:
        raise NotFound("No such calendar")
    return found


def year_of(row: WorkCalendar, number: int, known: Calendars) -> Year:
    """The dates of a year, month by month."""
    working = known.working(row.pk)
    first, last = date(number, 1, 1), date(number, 12, 31)
    special = _special(row, first, last)
    months, worked = [], 0
    for month in range(1, 13):
        weeks = []
        for week in months_of.Calendar().monthdatescalendar(number, month):
            days = [_date(working, day, special) if day.month == month else None for day in week]
            worked += sum(bool(day and day.intervals) for day in days)
            weeks.append(days)
        months.append(Month(date(number, month, 1), weeks))
    listed = [day for month in months for week in month.weeks for day in week if day and day.is_special]
    return Year(number, months, listed, worked)


def date_of(row: WorkCalendar, day: date, known: Calendars) -> Date:
    """One date as it is now."""
    return _date(known.working(row.pk), day, _special(row, day, day))


def usually_open(row: WorkCalendar, dates: Sequence[date], known: Calendars) -> dict[date, bool]:
    """Whether the week has an opening on these dates, whatever is decreed for them."""
    working = known.working(row.pk)
    return {day: bool(working.usual_on(day)) for day in dates}


def waiting_dates(row: WorkCalendar) -> dict[int, list[CalendarOverride]]:
    """The dates of a calendar that are still to be confirmed, by year."""
    found: dict[int, list[CalendarOverride]] = {}
    for one in CalendarOverride.objects.filter(calendar=row, confirmed=False).order_by("date"):
        found.setdefault(one.date.year, []).append(one)
    return found


def weeks_of(row: WorkCalendar, known: Calendars) -> list[Week]:
    """The weeks of a calendar in the order in which they hold."""
    working = known.working(row.pk)
    begins = [None, *(date.fromisoformat(day) for day, _week in sorted(row.later))]
    return [Week(since, working.week_on(since or date.min)) for since in begins]


def changes_of(row: WorkCalendar) -> list[CalendarChange]:
    """The last changes of a calendar with who made them, newest first."""
    return list(CalendarChange.objects.filter(calendar=row).select_related("actor")[:LAST_CHANGES])


def jobs_of(row: WorkCalendar) -> list[Recalculation]:
    """The last recalculations of a calendar, newest first, those under way among them."""
    found = Recalculation.objects.filter(calendar=row).select_related("asked_by", "unit")
    running = list(found.filter(finished_at=None))
    return running + list(found.exclude(finished_at=None)[: max(0, LAST_JOBS - len(running))])


def units_of(row: WorkCalendar) -> list[Unit]:
    """The units that count by this calendar because somebody decided so, by name."""
    return [own.unit for own in UnitCalendar.objects.filter(calendar=row).select_related("unit").order_by("unit__name")]


def units_now(on: date) -> list[Unit]:
    """All units in force, by name."""
    return list(Unit.objects.current(on).only("code", "name", "search_key"))


def _date(working: WorkingCalendar, day: date, special: dict[date, Date]) -> Date:
    found = special.get(day)
    now, usual = working.intervals_on(day), working.usual_on(day)
    if found is None:
        return Date(day, Kind.WORKED if usual else Kind.FREE, now)
    kind = Kind.OFF if not now else Kind.EXTRA if not usual else Kind.OTHER_HOURS if now != usual else Kind.WORKED
    return Date(day, kind, now, found.override, found.inherited, found.decision)


def _special(row: WorkCalendar, first: date, last: date) -> dict[date, Date]:
    """What is set apart between two dates, with the last decision about each; only these fields are right yet."""
    shaping = [row.pk] if row.follows_id is None else [row.follows_id, row.pk]
    within = {"calendar__in": shaping, "date__gte": first, "date__lte": last}
    decisions = {
        (change.calendar_id, change.date): change
        for change in CalendarChange.objects.filter(what=Changed.DAY, **within).select_related("actor").order_by("pk")
    }
    return dict(_by_date(row, CalendarOverride.objects.filter(**within), decisions, shaping))


def _by_date(
    row: WorkCalendar,
    overrides: QuerySet[CalendarOverride],
    decisions: dict[tuple[int, date], CalendarChange],
    shaping: list[int],
) -> Iterator[tuple[date, Date]]:
    """The calendar's own date comes after that of the calendar it follows, and so outweighs it."""
    for one in sorted(overrides, key=lambda one: shaping.index(one.calendar_id)):
        decision = decisions.get((one.calendar_id, one.date))
        yield one.date, Date(one.date, Kind.WORKED, (), one, one.calendar_id != row.pk, decision)
