"""From rows to arithmetic: calendars, targets and clocks as the pure files want them. Reads only.

A calendar with its tables is built once per process for each content it ever had: an edit is another content, so
nothing needs to be invalidated.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Value, prefetch_related_objects
from django.db.models.functions import Coalesce, NullIf

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.accounts.scope import ticket_scope
from inbox.core.errors import NotAllowed
from inbox.core.nested import Nested, instances
from inbox.core.statements import numbered, rows_of
from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import Clock, Pause, WorkingDays
from inbox.sla.models import (
    CalendarOverride,
    ClockKind,
    ClockPause,
    ClockState,
    ExtensionRequest,
    ExtensionState,
    HandlingCurve,
    SlaClock,
    TargetUnit,
    WorkCalendar,
)
from inbox.tickets.models import Ticket

_LENGTHS = {
    TargetUnit.MINUTES: timedelta(minutes=1),
    TargetUnit.HOURS: timedelta(hours=1),
    TargetUnit.CALENDAR_DAYS: timedelta(days=1),
    TargetUnit.WORKING_MINUTES: timedelta(minutes=1),
    TargetUnit.WORKING_HOURS: timedelta(hours=1),
}
ROUND_THE_CLOCK = frozenset({TargetUnit.MINUTES, TargetUnit.HOURS, TargetUnit.CALENDAR_DAYS})

_Content = tuple[str, str, tuple[tuple[str, str], ...], tuple[tuple[date, str], ...]]


@dataclass(frozen=True, slots=True)
class DatesChange:
    """Dates of a calendar as they would be. `intervals`: their openings, empty for days off, None as in the week."""

    calendar_id: int
    dates: tuple[date, ...]
    intervals: list[list[str]] | None


@dataclass(frozen=True, slots=True)
class HoursChange:
    """The week of a calendar as it would be from a date on."""

    calendar_id: int
    valid_from: date
    weekly: dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A unit as it would count by another calendar; None: by the ones that its policies name."""

    unit_id: int
    calendar_id: int | None


_COLUMNS = ("pk", "slug", "name", "time_zone", "weekly", "later", "follows", "is_default", "units__unit")

Change = DatesChange | HoursChange | UnitChange


class Calendars:
    """All calendars as they are now, or as they would be after a change. Make one per batch: it takes a query."""

    def __init__(self, change: Change | None = None) -> None:
        dates = Nested(
            CalendarOverride.objects.filter(calendar=OuterRef("pk")), "date", "intervals", "reason", "confirmed"
        )
        rows = list(WorkCalendar.objects.order_by("pk").annotate(dates=dates).values(*_COLUMNS, "dates"))
        own: dict[int, dict[date, str]] = {}
        self._reasons: dict[tuple[int, date], tuple[str, bool]] = {}
        for pk, its_dates in {row["pk"]: row["dates"] for row in rows}.items():
            for one in instances(CalendarOverride, its_dates):
                own.setdefault(pk, {})[one.date] = json.dumps(one.intervals)
                self._reasons[pk, one.date] = (one.reason, one.confirmed)
        if isinstance(change, DatesChange):
            changed = own.setdefault(change.calendar_id, {})
            for day in change.dates:
                changed.pop(day, None)
                if change.intervals is not None:
                    changed[day] = json.dumps(change.intervals)
        self._own_dates = own
        self._contents: dict[int, _Content] = {}
        self._working: dict[int, WorkingCalendar] = {}
        self._followers: dict[int, list[int]] = {}
        self._followed: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.slugs: dict[int, str] = {}
        self.default_id: int | None = None
        #: The calendars of units that have one of their own.
        self.of_units: dict[int, int] = {}
        for row in rows:
            if row["units__unit"] is not None:
                self.of_units[row["units__unit"]] = row["pk"]
            if row["pk"] not in self._contents:
                self._add(row, own, change)

    def _add(self, row: dict[str, Any], own: dict[int, dict[date, str]], change: Change | None) -> None:
        pk, follows = row["pk"], row["follows"]
        later = {day: json.dumps(week) for day, week in row["later"]}
        if isinstance(change, HoursChange) and change.calendar_id == pk:
            later[change.valid_from.isoformat()] = json.dumps(change.weekly)
        dates = own.get(follows or 0, {}) | own.get(pk, {})
        self._contents[pk] = (
            row["time_zone"],
            json.dumps(row["weekly"]),
            tuple(sorted(later.items())),
            tuple(sorted(dates.items())),
        )
        self.names[pk], self.slugs[pk] = row["name"], row["slug"]
        if follows is not None:
            self._followed[pk] = follows
            self._followers.setdefault(follows, []).append(pk)
        if row["is_default"] or self.default_id is None:
            self.default_id = pk

    def __contains__(self, calendar_id: int) -> bool:
        return calendar_id in self._contents

    def of_unit(self, unit_id: int | None, *, otherwise: int) -> int:
        """The calendar that a unit counts by: its own, else the one that the policy names."""
        return self.of_units.get(unit_id or 0, otherwise)

    def office_of(self, units: Iterable[int | None]) -> WorkingCalendar | None:
        """The office hours of who works in these units: of the first that has its own, else the default ones."""
        own = next((self.of_units[unit] for unit in units if unit in self.of_units), self.default_id)
        return None if own is None else self.working(own)

    def sharing(self, calendar_id: int, dates: Iterable[date] = ()) -> list[int]:
        """The calendar and those that follow it; without those that have all of these dates themselves."""
        wanted = set(dates)
        followers = self._followers.get(calendar_id, [])
        return [calendar_id, *(pk for pk in followers if not wanted or wanted - self._own_dates.get(pk, {}).keys())]

    def shaping(self, calendar_id: int) -> list[int]:
        """The calendars whose dates hold in this one, the one that outweighs the other last."""
        followed = self._followed.get(calendar_id)
        return [calendar_id] if followed is None else [followed, calendar_id]

    def working(self, calendar_id: int) -> WorkingCalendar:
        """The office hours of a calendar."""
        found = self._working.get(calendar_id)
        if found is None:
            found = self._working[calendar_id] = _built(*self._contents[calendar_id])
        return found

    def reason(self, calendar_id: int, day: date) -> tuple[str, bool]:
        """Why a date differs from the week and whether that is confirmed; ("", True) where it does not differ."""
        shaping = reversed(self.shaping(calendar_id))
        return next((self._reasons[pk, day] for pk in shaping if (pk, day) in self._reasons), ("", True))

    def counting(self, calendar_id: int, unit: str) -> WorkingCalendar:
        """The calendar on which an amount in `unit` is counted: one that never closes for units round the clock."""
        if unit in ROUND_THE_CLOCK:
            return _never_closed(self._contents[calendar_id][0])
        return self.working(calendar_id)


def require_view(official: Official) -> None:
    """Raise NotAllowed unless the person may look at calendars and policies."""
    if not may(official, Permission.VIEW_DEADLINES):
        raise NotAllowed(f"{Permission.VIEW_DEADLINES} is not granted")


def calendar_named(slug: str = "") -> WorkingCalendar:
    """The office hours of one calendar, the default one without a name. Raises LookupError naming those there are."""
    rows = dict(WorkCalendar.objects.values_list("slug", "pk"))
    calendars = Calendars()
    pk = rows.get(slug) if slug else calendars.default_id
    if pk is None:
        raise LookupError(f"No calendar {slug!r}; there are: {', '.join(sorted(rows)) or 'none yet'}")
    return calendars.working(pk)


@lru_cache(maxsize=256)
def _built(
    time_zone: str, weekly: str, later: tuple[tuple[str, str], ...], overrides: tuple[tuple[date, str], ...]
) -> WorkingCalendar:
    return WorkingCalendar(
        _week(weekly),
        {day: json.loads(intervals) for day, intervals in overrides},
        time_zone,
        [(date.fromisoformat(day), _week(week)) for day, week in later],
    )


def _week(stored: str) -> dict[int, list[list[str]]]:
    return {int(day): intervals for day, intervals in json.loads(stored).items()}


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


def deadline_facts(ticket: Ticket, kind: ClockKind) -> dict[str, Any] | None:
    """The deadline of one kind as it counts now, by which policy, as JSON; None when none counts.

    History keeps it with what was done, because clocks move on. Of our own and the source's date the earlier counts.
    """
    row = SlaClock.objects.filter(ticket=ticket, kind=kind).select_related("policy").order_by("-round").first()
    theirs = ticket.source_due_at if kind is ClockKind.RESOLVE else None
    dues = [due for due in (row.due_at if row else None, theirs) if due is not None]
    if not dues:
        return None
    policy = {"policy": row.policy.name, "version": row.policy.version} if row else {}
    target = {"amount": row.target_amount, "unit": row.target_unit} if row else {}
    return {
        "clock": kind.value,
        "due_at": min(dues).isoformat(),
        "ours": row.due_at.isoformat() if row else None,
        "source": theirs.isoformat() if theirs else None,
        **policy,
        **target,
    }


def more_time_asked(ticket: Ticket) -> ExtensionRequest | None:
    """The request for more time that waits for a decision, with who asks."""
    return next((request for request in extension_requests(ticket) if request.state == ExtensionState.OPEN), None)


def is_more_time_asked(ticket: Ticket) -> bool:
    """Whether a request for more time waits for an answer; no statement for a ticket with `asked_part`."""
    known: bool | None = getattr(ticket, "more_time_is_asked", None)
    return more_time_asked(ticket) is not None if known is None else known


def asked_part(_official: Official) -> dict[str, Any]:
    """An annotation for a ticket whose buttons are shown and not its requests."""
    waiting = ExtensionRequest.objects.filter(ticket=OuterRef("pk"), state=ExtensionState.OPEN)
    return {"more_time_is_asked": Exists(waiting)}


# --- What one ticket's page shows, without a statement for each kind of row -------------------------------------------


def parts_of_ticket(_official: Official) -> dict[str, Any]:
    """Annotations for a ticket that is shown on its own: its requests for more time, and curves of similar tickets."""
    curves = HandlingCurve.objects.filter(
        Q(unit=OuterRef("unit")) | Q(unit__isnull=True), category__in=[OuterRef("category"), ""]
    )
    requests = ExtensionRequest.objects.filter(ticket=OuterRef("pk")).order_by("pk")
    return {
        "curve_rows": Nested(curves, "unit_id", "category", "round_the_clock", "count", "steps"),
        "extension_rows": Nested(
            requests,
            *("id", "ticket_id", "asked_by_id", "asked_at", "until", "reason", "state", "decided_by_id", "decided_at"),
            asker=Coalesce(NullIf("asked_by__full_name", Value("")), "asked_by__username"),
            decider=Coalesce(NullIf("decided_by__full_name", Value("")), "decided_by__username"),
        ),
    }


def extension_requests(ticket: Ticket) -> list[ExtensionRequest]:
    """All requests for more time of a ticket, oldest first, with the people; no statement where they came with it."""
    rows = getattr(ticket, "extension_rows", None)
    if rows is None:
        found = ExtensionRequest.objects.filter(ticket=ticket).select_related("asked_by", "decided_by")
        return list(found.order_by("pk"))
    requests = instances(ExtensionRequest, rows)
    for request in requests:
        request.asked_by = Official(pk=request.asked_by_id, full_name=request.asker)  # type: ignore[attr-defined]
        if request.decided_by_id:
            request.decided_by = Official(pk=request.decided_by_id, full_name=request.decider)  # type: ignore[attr-defined]
    return requests


def load_promises(*tickets: Ticket) -> None:
    """Load the clocks of tickets with their policies and pauses, in one statement."""
    pauses = ClockPause.objects.filter(clock=OuterRef("pk")).order_by("from_at")
    rows = SlaClock.objects.select_related("policy").order_by("kind", "round")
    rows = rows.annotate(pause_rows=Nested(pauses, "id", "clock_id", "from_at", "until", "to_at", "reason"))
    prefetch_related_objects(tickets, Prefetch("clocks", rows))


def is_loaded(ticket: Ticket) -> bool:
    """Whether the promises of a ticket are here."""
    clocks = getattr(ticket, "_prefetched_objects_cache", {}).get("clocks")
    return clocks is not None and all(hasattr(row, "pause_rows") for row in clocks)


def pauses_of(row: SlaClock) -> list[ClockPause]:
    """The pauses of a clock, oldest first; no statement where they came with it."""
    rows = getattr(row, "pause_rows", None)
    return list(row.pauses.all()) if rows is None else instances(ClockPause, rows)


class ClockLine(NamedTuple):
    """A clock as far as lists and previews show it: see `SlaClock`."""

    ticket_id: int
    kind: str
    round: int
    state: str
    calendar_id: int
    target_amount: int
    target_unit: str
    extension: timedelta
    started_at: datetime
    due_at: datetime
    warn_at: datetime
    met_at: datetime | None
    paused_at: datetime | None


def clocks_of(keys: Collection[int]) -> Mapping[int, list[ClockLine]]:
    """The clocks of each of these tickets, in one statement, which is kept for so many of them."""
    found: dict[int, list[ClockLine]] = {key: [] for key in keys}
    for row in map(ClockLine._make, rows_of(("clocks", len(found)), _clocks, **numbered(found))):
        found[row.ticket_id].append(row)
    return found


def _clocks(**keys: Any) -> QuerySet[Any, Any]:
    rows = SlaClock.objects.filter(ticket__pk__in=list(keys.values())).order_by("kind", "round")
    return rows.values_list(*ClockLine._fields)


def due_and_met(official: Official, since: datetime, until: datetime) -> Nested:
    """Of the deadlines from `since` to `until` how many were still to be kept at `since`, and how many are kept by now.

    For one person's open tickets and those that were answered after `since`, within another statement: one row with
    `due` and `met`, none where nothing was due. Cancelled clocks do not count.
    """
    due = SlaClock.objects.exclude(state=ClockState.CANCELLED).filter(
        ticket_scope(official, prefix="ticket__"),
        Q(ticket__is_open=True) | Q(ticket__resolved_at__gte=since),  # two small indexes; else all tickets of the unit
        Q(met_at__isnull=True) | Q(met_at__gte=since),
        due_at__gte=since,
        due_at__lt=until,
    )
    together = due.order_by().values(together=Value(1)).annotate(due=Count("ticket"), met=Count("met_at"))
    return Nested(together, "due", "met")
