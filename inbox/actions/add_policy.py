"""Make a deadline policy: what it is for, and the first version of what it promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, require_deadlines
from inbox.actions.choose_unit_calendar import unit_of
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla import timers
from inbox.sla.models import SELECTORS, ClockKind, Level, PolicyLevel, SlaPolicy, TargetUnit, Told, WorkCalendar
from inbox.sla.queries import Calendars

#: The longest promises that make sense: about two years each.
MOST = {
    TargetUnit.MINUTES: 1_000_000,
    TargetUnit.HOURS: 17_520,
    TargetUnit.WORKING_MINUTES: 240_000,
    TargetUnit.WORKING_HOURS: 4_000,
    TargetUnit.WORKING_DAYS: 500,
    TargetUnit.CALENDAR_DAYS: 730,
}
LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version promises. `levels`: (level, who is told) pairs; `calendar`: a slug."""

    valid_from: date
    accept_amount: int
    accept_unit: str
    resolve_amount: int
    resolve_unit: str
    calendar: str
    levels: frozenset[tuple[str, str]]
    several_agencies_amount: int | None = None
    several_agencies_unit: str = ""
    max_pause_days: int = 30
    warn_fraction: float = 0.75
    late_days: int = 1
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a policy is for; empty means any. `unit`: a code."""

    connector: str = ""
    source_slug: str = ""
    category: str = ""
    urgency: str = ""
    unit: str = ""


def add_policy(name: str, scope: Scope, terms: Terms, *, actor: Official, at: datetime | None = None) -> SlaPolicy:
    """The first version of a policy. Raises NotAllowed, Invalid.

    It must be for something: one for everything would hide that a source has no policy. And no two policies may be for
    exactly the same: which of them holds would be chance.
    """
    require_deadlines(actor)
    at, name = at or clock.now(), clean_text(name, field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid("This text is too long", field="name")
    if scope == Scope():
        raise Invalid(
            "Choose at least one condition: a policy for everything would hide what is missing", field="scope"
        )
    row = SlaPolicy(name=name, **_selectors(scope, at))
    with transaction.atomic():
        if SlaPolicy.objects.filter(name__iexact=name).exists():
            raise Invalid("There is a policy of this name: make a new version of it", field="name")
        same = _same_scope(row, terms.valid_from)
        if same is not None:
            raise Invalid("Another policy is for exactly the same: make a new version of it", field="scope")
        return store(row, terms, actor=actor, at=at)


def store(row: SlaPolicy, terms: Terms, *, actor: Official, at: datetime) -> SlaPolicy:
    """Save a version with its terms and levels. Raises Invalid for terms that make no sense."""
    if terms.valid_from < timezone.localdate(at):
        raise Invalid("This must not lie in the past: what has come in keeps its deadline", field="valid_from")
    calendar = WorkCalendar.objects.filter(slug=terms.calendar).first()
    if calendar is None:
        raise Invalid("No such calendar", field="calendar")
    row.valid_from, row.calendar = terms.valid_from, calendar
    row.accept_amount, row.accept_unit = _target(terms.accept_amount, terms.accept_unit, field="accept_amount")
    row.resolve_amount, row.resolve_unit = _target(terms.resolve_amount, terms.resolve_unit, field="resolve_amount")
    row.several_agencies_amount, row.several_agencies_unit = None, ""
    if terms.several_agencies_amount is not None:
        row.several_agencies_amount, row.several_agencies_unit = _target(
            terms.several_agencies_amount, terms.several_agencies_unit, field="several_agencies_amount"
        )
    row.max_pause_days = _within(terms.max_pause_days, 1, 250, field="max_pause_days")
    row.late_days = _within(terms.late_days, 1, 250, field="late_days")
    row.warn_fraction = terms.warn_fraction
    row.legal_basis, row.made_by, row.made_at = terms.legal_basis.strip(), actor, at
    if not 0 < terms.warn_fraction < 1:
        raise Invalid("This must lie between 1 and 99 percent", field="warn_percent")
    if unknown := terms.levels - {(level.value, told.value) for level in Level for told in Told}:
        raise Invalid(f"No such level: {sorted(unknown)}", field="levels")
    try:
        row.full_clean(exclude=["name"], validate_constraints=False, validate_unique=False)
    except ValidationError as error:
        raise Invalid("These terms make no sense", field=next(iter(error.message_dict))) from error
    _refuse_contradiction(row, at)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Invalid("Somebody else has just changed this policy: look again", field="name") from error
    PolicyLevel.objects.bulk_create(
        PolicyLevel(policy=row, level=level, tells=told) for level, told in sorted(terms.levels)
    )
    return row


def _selectors(scope: Scope, at: datetime) -> dict[str, Any]:
    return {
        "connector": scope.connector,
        "source_slug": scope.source_slug,
        "category": scope.category,
        "urgency": scope.urgency,
        "unit": unit_of(scope.unit, at) if scope.unit else None,
    }


def _same_scope(row: SlaPolicy, valid_from: date) -> SlaPolicy | None:
    """Another policy with the same conditions that still counts when this one begins."""
    same = {name: getattr(row, name) for name in (*SELECTORS, "unit")}
    still = Q(valid_to=None) | Q(valid_to__gt=valid_from)
    return SlaPolicy.objects.filter(still, **same).first()


def _target(amount: int, unit: str, *, field: str) -> tuple[int, str]:
    if unit not in TargetUnit.values:
        raise Invalid("Choose how this is counted", field=field)
    return _within(amount, 1, MOST[TargetUnit(unit)], field=field), unit


def _within(value: int, least: int, most: int, *, field: str) -> int:
    if not least <= value <= most:
        raise Invalid("This number is too small or too large", field=field)
    return value


def _refuse_contradiction(row: SlaPolicy, at: datetime) -> None:
    """Accepting comes before resolving, and several agencies get no less time than one. Tried on a working morning."""
    calendars = Calendars()
    start = calendars.working(row.calendar_id).next_open(at)
    accept, resolve = (timers.new_clock(row, kind, start, None, calendars) for kind in ClockKind)
    if accept.due_at > resolve.due_at:
        raise Invalid("Accepting would be due after resolving", field="accept_amount")
    if row.several_agencies_amount is not None:
        before = resolve.due_at
        resolve.target_amount, resolve.target_unit = row.several_agencies_amount, row.several_agencies_unit
        timers.reckon(resolve, (), calendars)
        if resolve.due_at < before:
            raise Invalid("Several agencies would get less time than one", field="several_agencies_amount")
