"""Change the week of a calendar from a date on. What was counted before stays as it was and can be explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, locked_calendar, require_deadlines
from inbox.actions.change_calendar import YEARS
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import CalendarChange, Changed, Recalculation, WorkCalendar
from inbox.sla.queries import HoursChange
from inbox.sla.recalculate import FOR_EVER, ask

Weekly = dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Hours:
    """A week as it shall be from a date on, and why."""

    valid_from: date
    weekly: Weekly
    reason: str
    legal_basis: str = ""


def change_office_hours(slug: str, wanted: Hours, *, actor: Official, at: datetime | None = None) -> Recalculation:
    """Let the week hold from its date on until the next one that is known; returns the job that moves deadlines.

    Raises NotAllowed, NotFound, and Invalid for hours that make no sense or bring no change.
    """
    require_deadlines(actor)
    at, reason = at or clock.now(), clean_text(wanted.reason, field="reason")
    with transaction.atomic():
        calendar = locked_calendar(slug)
        before = week_on(calendar, wanted.valid_from)
        later = _with(calendar, wanted)
        if before == wanted.weekly:
            raise Invalid("This changes nothing", field="hours")
        calendar.later = later
        calendar.save(update_fields=["later"])
        CalendarChange.objects.create(
            calendar=calendar,
            what=Changed.HOURS,
            date=wanted.valid_from,
            before={"weekly": before},
            after={"weekly": wanted.weekly, "reason": reason, "legal_basis": wanted.legal_basis.strip()},
            actor=actor,
            at=at,
        )
        following = [date.fromisoformat(day) for day, _week in later if day > wanted.valid_from.isoformat()]
        last = min(following) - timedelta(days=1) if following else FOR_EVER
        return ask(calendar.pk, wanted.valid_from, last, official_id=actor.pk, at=at)


def proposed_hours(slug: str, wanted: Hours, *, actor: Official) -> HoursChange:
    """The same as arithmetic, for a preview. Raises NotAllowed, NotFound, Invalid."""
    require_deadlines(actor)
    clean_text(wanted.reason, field="reason")
    with transaction.atomic():
        calendar = locked_calendar(slug)
    _with(calendar, wanted)
    return HoursChange(calendar.pk, wanted.valid_from, wanted.weekly)


def week_on(calendar: WorkCalendar, day: date) -> Weekly:
    """The week that holds on a date."""
    holding: Weekly = calendar.weekly
    for begins, week in sorted(calendar.later):
        if begins <= day.isoformat():
            holding = week
    return holding


def _with(calendar: WorkCalendar, wanted: Hours) -> list[Any]:
    """The calendar's later weeks with this one in its place. Raises Invalid."""
    if wanted.valid_from.year not in YEARS:
        raise Invalid("No such year", field="valid_from")
    begins = wanted.valid_from.isoformat()
    later = sorted([*(entry for entry in calendar.later if entry[0] != begins), [begins, wanted.weekly]])
    proposal = WorkCalendar(time_zone=calendar.time_zone, weekly=calendar.weekly, later=later)
    try:
        proposal.clean()
    except ValidationError as error:
        raise Invalid(hours_problem(error), field="hours") from error
    return later


def hours_problem(error: ValidationError) -> str:
    """What is wrong with a week, as the message of an Invalid."""
    empty = any("at least one opening" in message for message in error.messages)
    return "A calendar needs at least one opening in the week" if empty else "These opening times make no sense"
