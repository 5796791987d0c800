"""Change dates of a calendar: days off, days worked, or as in the week. Open deadlines follow by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, locked_calendar, require_deadlines
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import CalendarChange, CalendarOverride, Recalculation, WorkCalendar
from inbox.sla.queries import DatesChange
from inbox.sla.recalculate import ask

#: As many dates as one decision changes at once; Tết with the days around it needs half of them.
MOST_DATES = 31
YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it shall be. `intervals`: its openings, empty for a day off, None for as the week says."""

    intervals: list[list[str]] | None
    reason: str
    legal_basis: str = ""
    confirmed: bool = True


def change_calendar(
    slug: str, dates: Sequence[date], wanted: Day, *, actor: Official, at: datetime | None = None
) -> Recalculation | None:
    """Set dates apart from the week, or take that back; returns the job that moves open deadlines, if any can move.

    What is confirmed names its legal basis. Raises NotAllowed, NotFound, and Invalid for what makes no sense or brings
    no change.
    """
    require_deadlines(actor)
    at = at or clock.now()
    with transaction.atomic():
        calendar = locked_calendar(slug)
        wanted = checked(calendar, dates, wanted)
        known = {row.date: row for row in CalendarOverride.objects.filter(calendar=calendar, date__in=dates)}
        changes = []
        for day in dates:
            before, after = facts_of(known.get(day)), asdict(wanted)
            if before == after or (not before and wanted.intervals is None):
                continue
            _store(calendar, day, known.get(day), wanted)
            changes.append(CalendarChange(calendar=calendar, date=day, before=before, after=after, actor=actor, at=at))
        if not changes:
            raise Invalid("This changes nothing", field="kind")
        CalendarChange.objects.bulk_create(changes)
        moving = [change.date for change in changes if change.before.get("intervals") != wanted.intervals]
        return ask(calendar.pk, min(moving), max(moving), official_id=actor.pk, at=at) if moving else None


def proposed(slug: str, dates: Sequence[date], wanted: Day, *, actor: Official) -> DatesChange:
    """The same as arithmetic, for a preview. Raises NotAllowed, NotFound, Invalid."""
    require_deadlines(actor)
    with transaction.atomic():
        calendar = locked_calendar(slug)
    checked(calendar, dates, wanted)
    return DatesChange(calendar.pk, tuple(dates), wanted.intervals)


def checked(calendar: WorkCalendar, dates: Sequence[date], wanted: Day) -> Day:
    """The day with its texts stripped. Raises Invalid."""
    if not dates:
        raise Invalid("No date is left to change: these are days off already", field="last")
    if len(dates) > MOST_DATES:
        raise Invalid("At most 31 dates at once", field="last")
    if any(day.year not in YEARS for day in dates):
        raise Invalid("No such year", field="last")
    wanted = Day(
        wanted.intervals, clean_text(wanted.reason, field="reason"), wanted.legal_basis.strip(), wanted.confirmed
    )
    if wanted.intervals is not None and wanted.confirmed and not wanted.legal_basis:
        raise Invalid("Name the legal basis, or leave the date to be confirmed", field="legal_basis")
    _check(_row(calendar, dates[0], wanted))
    return wanted


def facts_of(row: CalendarOverride | None) -> dict[str, Any]:
    """What is set apart for a date; empty for nothing."""
    if row is None:
        return {}
    return asdict(Day(row.intervals, row.reason, row.legal_basis, row.confirmed))


def _store(calendar: WorkCalendar, day: date, found: CalendarOverride | None, wanted: Day) -> None:
    if wanted.intervals is None:
        if found is not None:
            found.delete()
        return
    row = _row(calendar, day, wanted)
    row.pk = found.pk if found else None
    row.save()


def _row(calendar: WorkCalendar, day: date, wanted: Day) -> CalendarOverride:
    return CalendarOverride(calendar=calendar, date=day, **(asdict(wanted) | {"intervals": wanted.intervals or []}))


def _check(row: CalendarOverride) -> None:
    try:
        row.clean_fields()
        row.clean()
    except ValidationError as error:
        field = next(iter(error.message_dict)) if hasattr(error, "error_dict") else "intervals"
        if field in {"intervals", "__all__"}:
            raise Invalid("These opening times make no sense", field="intervals") from error
        raise Invalid("This text is too long", field=field) from error
