"""Make a calendar for units that keep hours of their own. It counts for nothing until a unit is given to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, require_deadlines
from inbox.actions.change_office_hours import Weekly, hours_problem
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.core.text import fold
from inbox.sla.models import CalendarChange, Changed, WorkCalendar

LONGEST_NAME = 150
LONGEST_SLUG = 40
#: Would be an address of its own.
RESERVED = frozenset({"", "new"})


@dataclass(frozen=True, slots=True)
class NewCalendar:
    """A calendar to be made. `follows`: the slug of the one whose holidays hold here too."""

    name: str
    weekly: Weekly
    reason: str
    follows: str = ""
    legal_basis: str = ""


def add_calendar(wanted: NewCalendar, *, actor: Official, at: datetime | None = None) -> WorkCalendar:
    """The calendar, stored with who made it. Raises NotAllowed, Invalid."""
    require_deadlines(actor)
    at, name = at or clock.now(), clean_text(wanted.name, field="name")
    reason = clean_text(wanted.reason, field="reason")
    if len(name) > LONGEST_NAME:
        raise Invalid("This text is too long", field="name")
    with transaction.atomic():
        followed = None
        if wanted.follows:
            followed = WorkCalendar.objects.filter(slug=wanted.follows, follows=None).first()
            if followed is None:
                raise Invalid("No such calendar", field="follows")
        if WorkCalendar.objects.filter(name__iexact=name).exists():
            raise Invalid("There is a calendar of this name", field="name")
        calendar = WorkCalendar(slug=_free_slug(name), name=name, weekly=wanted.weekly, follows=followed)
        try:
            calendar.clean()
        except ValidationError as error:
            raise Invalid(hours_problem(error), field="hours") from error
        calendar.save()
        CalendarChange.objects.create(
            calendar=calendar,
            what=Changed.CREATED,
            date=timezone.localdate(at),
            after={
                "weekly": wanted.weekly,
                "follows": wanted.follows,
                "reason": reason,
                "legal_basis": wanted.legal_basis.strip(),
            },
            actor=actor,
            at=at,
        )
    return calendar


def _free_slug(name: str) -> str:
    base = slugify(fold(name))[:LONGEST_SLUG].strip("-")
    taken = RESERVED | set(WorkCalendar.objects.values_list("slug", flat=True))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base or 'lich'}-{number}"
    return slug
