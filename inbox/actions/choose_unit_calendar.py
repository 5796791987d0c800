"""Let a unit count by a calendar of its own, or again by those that its policies name. Open deadlines follow."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, locked_calendar, require_deadlines
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import CalendarChange, Changed, Recalculation, UnitCalendar
from inbox.sla.queries import UnitChange
from inbox.sla.recalculate import ask_for_unit
from inbox.units.models import Unit


def choose_unit_calendar(
    slug: str, unit_code: str, *, joins: bool, reason: str, actor: Official, at: datetime | None = None
) -> Recalculation:
    """The unit joins this calendar, or leaves it; returns the job that takes its open deadlines along.

    Raises NotAllowed, NotFound, and Invalid when that is how it is already.
    """
    require_deadlines(actor)
    at, body = at or clock.now(), clean_text(reason, field="reason")
    with transaction.atomic():
        calendar = locked_calendar(slug)
        unit = unit_of(unit_code, at)
        before = UnitCalendar.objects.select_related("calendar").filter(unit=unit).first()
        _refuse_no_change(before, calendar.pk, joins=joins)
        if joins:
            UnitCalendar.objects.update_or_create(unit=unit, defaults={"calendar": calendar})
        else:
            UnitCalendar.objects.filter(unit=unit).delete()
        CalendarChange.objects.create(
            calendar=calendar,
            what=Changed.UNIT,
            date=timezone.localdate(at),
            before={"unit": unit.code, "name": unit.name, "calendar": before.calendar.name if before else ""},
            after={
                "unit": unit.code,
                "name": unit.name,
                "calendar": calendar.name if joins else "",
                "reason": body,
            },
            actor=actor,
            at=at,
        )
        return ask_for_unit(unit.pk, calendar.pk, official_id=actor.pk, at=at)


def proposed_unit(slug: str, unit_code: str, *, joins: bool, reason: str, actor: Official) -> UnitChange:
    """The same as arithmetic, for a preview. Raises NotAllowed, NotFound, Invalid."""
    require_deadlines(actor)
    clean_text(reason, field="reason")
    with transaction.atomic():
        calendar = locked_calendar(slug)
    unit = unit_of(unit_code, clock.now())
    _refuse_no_change(UnitCalendar.objects.filter(unit=unit).first(), calendar.pk, joins=joins)
    return UnitChange(unit.pk, calendar.pk if joins else None)


def unit_of(code: str, at: datetime) -> Unit:
    """The unit in force with this code. Raises Invalid."""
    unit = Unit.objects.current(timezone.localdate(at)).filter(code=code).first()
    if unit is None:
        raise Invalid("No such unit", field="unit")
    return unit


def _refuse_no_change(before: UnitCalendar | None, calendar_id: int, *, joins: bool) -> None:
    has_it = before is not None and before.calendar_id == calendar_id
    if has_it == joins:
        raise Invalid("This changes nothing", field="unit")
