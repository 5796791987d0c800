"""Which open tickets will probably be late: the ward's own history against the time that each has left.

`learn` reads a year of handling times into curves, `refresh` writes the chance onto open tickets, `outlook` explains
one ticket's. Similar means the same ward and category; with too few of those the same category anywhere, then all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from django.db import transaction
from django.db.models import QuerySet

from inbox.core.heartbeat import beat
from inbox.core.nested import instances
from inbox.sla.models import ClockKind, ClockState, HandlingCurve, SlaClock
from inbox.sla.queries import ROUND_THE_CLOCK, Calendars, clock_of, pauses_of
from inbox.sla.survival import Curve
from inbox.tickets.models import Ticket

HISTORY = timedelta(days=365)
BATCH = 1000
#: A group of fewer cases than this speaks for itself only by chance.
SMALLEST_GROUP = 30

#: (unit, category, round the clock); None and "" stand for any.
_Group = tuple[int | None, str, bool]


class Alike(StrEnum):
    """What a ticket was compared with."""

    WARD_AND_CATEGORY = "ward_and_category"
    CATEGORY = "category"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a ticket's chances stand. `late`: percent of `cases` similar ones, open as long, that needed more time."""

    late: int
    cases: int
    alike: Alike
    median: timedelta | None  # in which half of all similar ones are answered


def learn(at: datetime) -> int:
    """Learn anew from the clocks of the last year, open ones included; returns how many groups there are."""
    calendars = Calendars()
    cases: dict[_Group, list[tuple[float, bool]]] = {}
    recent = SlaClock.objects.filter(started_at__gt=at - HISTORY).exclude(state=ClockState.CANCELLED)
    for row in chain.from_iterable(_batches(recent)):
        taken = clock_of(row, row.pauses.all(), calendars).elapsed(at)
        case = (taken.total_seconds(), row.met_at is not None)
        for group in _groups(row.ticket, row):
            cases.setdefault(group, []).append(case)
    curves = [
        HandlingCurve(unit_id=unit, category=category, round_the_clock=always, count=curve.count, steps=curve.steps)
        for (unit, category, always), known in cases.items()
        if len(known) >= SMALLEST_GROUP
        for curve in [Curve.of(known)]
    ]
    with transaction.atomic():
        HandlingCurve.objects.all().delete()
        HandlingCurve.objects.bulk_create(curves, batch_size=500)
    beat("learn", at)
    return len(curves)


def refresh(at: datetime) -> int:
    """Write onto every open ticket how likely it is to be late; returns how many changed."""
    known, calendars = _curves(), Calendars()
    changed = 0
    running = SlaClock.objects.running().filter(ticket__is_open=True)
    for batch in _batches(running):
        found = {row.ticket_id: _outlook(row, known, at, calendars) for row in batch}
        changed += _store({ticket: outlook.late if outlook else None for ticket, outlook in found.items()})
    gone = Ticket.objects.filter(late_risk__isnull=False).exclude(clocks__in=running.filter(kind=ClockKind.RESOLVE))
    changed += gone.update(late_risk=None)
    beat("foresight", at)
    return changed


def outlook(ticket: Ticket, *, at: datetime, calendars: Calendars) -> Outlook | None:
    """The chances of a ticket whose clocks are loaded; None when nothing runs, it is late, or too little is known."""
    running = [c for c in ticket.clocks.all() if c.kind == ClockKind.RESOLVE and c.state == ClockState.RUNNING]
    if not running or not ticket.is_open:
        return None
    rows = getattr(ticket, "curve_rows", None)
    known = _curves(ticket.category) if rows is None else _known(instances(HandlingCurve, rows))
    return _outlook(running[0], known, at, calendars)


def _outlook(row: SlaClock, known: Mapping[_Group, Curve], at: datetime, calendars: Calendars) -> Outlook | None:
    if at >= row.due_at:
        return None
    clock = clock_of(row, pauses_of(row), calendars)
    used = clock.elapsed(at).total_seconds()
    total = used + clock.remaining(at).total_seconds()
    for group, alike in zip(_groups(row.ticket, row), Alike, strict=True):
        curve = known.get(group)
        late = curve.longer(total, given=used) if curve else None
        if curve is not None and late is not None:
            half = curve.median()
            return Outlook(
                late=round(100 * late),
                cases=curve.comparable(used),
                alike=alike,
                median=None if half is None else timedelta(seconds=half),
            )
    return None


def _groups(ticket: Ticket, row: SlaClock) -> list[_Group]:
    """From the nearest to the widest, in the order of `Alike`."""
    always = row.target_unit in ROUND_THE_CLOCK
    return [(ticket.unit_id, ticket.category, always), (None, ticket.category, always), (None, "", always)]


def _curves(category: str | None = None) -> dict[_Group, Curve]:
    rows = HandlingCurve.objects.all()
    if category is not None:
        rows = rows.filter(category__in=[category, ""])
    return _known(rows)


def _known(rows: Iterable[HandlingCurve]) -> dict[_Group, Curve]:
    return {
        (row.unit_id, row.category, row.round_the_clock): Curve([(a, b) for a, b in row.steps], row.count)
        for row in rows
    }


def _batches(clocks: QuerySet[SlaClock]) -> Iterator[list[SlaClock]]:
    """The resolve clocks among these with their tickets and pauses, a batch at a time."""
    last = 0
    rows = clocks.filter(kind=ClockKind.RESOLVE).select_related("ticket").only(*_COLUMNS)
    while batch := list(rows.filter(pk__gt=last).prefetch_related("pauses").order_by("pk")[:BATCH]):
        last = batch[-1].pk
        yield batch


_COLUMNS = (
    "calendar_id",
    "target_amount",
    "target_unit",
    "extension",
    "started_at",
    "due_at",
    "met_at",
    "state",
    "ticket__unit_id",
    "ticket__category",
    "ticket__late_risk",
)


def _store(risks: Mapping[int, int | None]) -> int:
    """Write what has changed, a statement for each value that any ticket takes."""
    stored = dict(Ticket.objects.filter(pk__in=risks).values_list("pk", "late_risk"))
    by_value: dict[int | None, list[int]] = {}
    for ticket, risk in risks.items():
        if stored.get(ticket) != risk:
            by_value.setdefault(risk, []).append(ticket)
    for risk, tickets in by_value.items():
        Ticket.objects.filter(pk__in=tickets).update(late_risk=risk)
    return sum(len(tickets) for tickets in by_value.values())
