"""Keep outcomes and daily sums true to the tickets: a little each minute, or all of it anew. Safe to run twice at once.

What changed is read off `Ticket.updated_at` with an overlap for transactions that end late; whether a ticket is in
already, its version says, so the overlap costs a look and no work. A day whose sums no longer fit is stored with the
outcomes that changed them, so a killed run loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from inbox.core.bulk import insert_rows
from inbox.core.heartbeat import beat
from inbox.dashboards import outcomes
from inbox.dashboards.models import ArrivalHour, DirtyDay, MixDay, TicketOutcome, UnitDay, UnitSourceDay, Upkeep
from inbox.dashboards.periods import Period
from inbox.dashboards.tally import arrivals_by_hour, tally
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla.models import CalendarChange, Changed
from inbox.sla.queries import Calendars
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status

BATCH = 1000
#: Longer than any transaction that changes tickets: a source's lease is 30 seconds.
OVERLAP = timedelta(minutes=2)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ONLY = 1  # the key of the one row of Upkeep

#: The columns that count on each of an outcome's days; a day is dirty when any of them, or where it counts, changed.
_COUNTED: dict[str, tuple[str, ...]] = {
    "received_day": (),
    "accept_day": ("accept_on_time",),
    "resolved_day": (
        *("resolve_on_time", "source_on_time", "late_elsewhere", "is_outside_hours"),
        *("handling_step", "paused_minutes", "reopened_day"),
    ),
    "ended_day": (),
    "late_day": (),
    "reopened_day": (),
    "returned_day": (),
    "transferred_day": (),
}
_WHERE = ("unit_id", "source_id", "category", "urgency")
_FIELDS = [field.name for field in TicketOutcome._meta.concrete_fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did."""

    outcomes: int = 0
    days: int = 0


def refresh(at: datetime) -> Done:
    """Take in what has changed; does nothing while another run is at it."""
    Upkeep.objects.get_or_create(
        pk=_ONLY, defaults={"tickets_until": _LONG_AGO, "messages_until": _LONG_AGO, "calendar_change": 0}
    )
    with transaction.atomic():
        state = Upkeep.objects.select_for_update(skip_locked=True).filter(pk=_ONLY).first()
        if state is None:
            return Done()
        calendars = Calendars()
        derived = sum(_take_in(batch, calendars) for batch in _changed(state.tickets_until - OVERLAP))
        derived += _after_calendar_changes(state, calendars)
        _mark_arrivals(state.tickets_until - OVERLAP)
        _mark_deliveries(state.messages_until - OVERLAP)
        state.tickets_until, state.messages_until = at, at
        state.done_at = at
        state.save()
    days = _sum_up()
    beat("rollups", at)
    return Done(derived, days)


def rebuild(at: datetime) -> Done:
    """Make all outcomes and sums anew. Readers see the old ones until the new ones stand."""
    with transaction.atomic():
        state, _ = Upkeep.objects.select_for_update().get_or_create(
            pk=_ONLY, defaults={"tickets_until": at, "messages_until": at}
        )
        state.tickets_until, state.messages_until, state.done_at = at, at, at
        state.calendar_change = CalendarChange.objects.aggregate(last=Max("pk"))["last"] or 0
        state.save()
        calendars = Calendars()
        derived = sum(_derive_all(keys, calendars) for keys in _touched_keys())
        days = sum_up_all()
    beat("rollups", at)
    return Done(derived, days)


@transaction.atomic
def sum_up_all() -> int:
    """Make the sums of all days anew from outcomes as they are; returns how many days."""
    for model in (UnitDay, UnitSourceDay, MixDay, ArrivalHour, DirtyDay):
        model.objects.all().delete()
    days = 0
    for month in _months():
        _store_sums(month)
        days += month.days
    return days


# --- Outcomes ---------------------------------------------------------------------------------------------------------

#: Untouched tickets need no outcome: they count on the day they arrived and nowhere else.
_TOUCHED = Q(version__gt=1) | ~Q(status=Status.NEW)
_NOT_IN = (Q(outcome__isnull=True) & _TOUCHED) | (Q(outcome__isnull=False) & ~Q(outcome__version=F("version")))


def _changed(since: datetime) -> Iterator[list[int]]:
    """Keys of tickets that are not in as they are, a batch at a time."""
    while True:
        found = list(
            Ticket.objects.filter(_NOT_IN, updated_at__gte=since)
            .order_by("updated_at", "pk")
            .values_list("pk", "updated_at")[:BATCH]
        )
        if not found:
            return
        yield [pk for pk, _ in found]
        since = found[-1][1]


def _touched_keys() -> Iterator[list[int]]:
    last = 0
    while keys := list(
        Ticket.objects.filter(_TOUCHED | Q(outcome__isnull=False), pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        yield keys
        last = keys[-1]


def _derive_all(keys: Collection[int], calendars: Calendars) -> int:
    """As `_take_in`, without a look at what was there."""
    TicketOutcome.objects.filter(pk__in=keys).delete()
    rows = [found.row for found in outcomes.derive(keys, calendars)]
    TicketOutcome.objects.bulk_create(rows)
    return len(rows)


def _take_in(keys: Collection[int], calendars: Calendars) -> int:
    """Store the outcomes of these tickets and mark the days whose sums they change."""
    known = TicketOutcome.objects.in_bulk(keys)
    derived = outcomes.derive(keys, calendars)
    dirty: set[date] = set()
    moved: list[int] = []
    for found in derived:
        before = known.get(found.row.pk)
        dirty |= _days_changed(before, found.row)
        has_moved = found.has_moved if before is None else _where(before) != _where(found.row)
        if has_moved:
            dirty.add(found.row.received_day)
            moved.append(found.row.pk)
    TicketOutcome.objects.bulk_create(
        [found.row for found in derived], update_conflicts=True, unique_fields=["ticket"], update_fields=_FIELDS
    )
    if moved:
        dirty |= _delivery_days(OutboxMessage.objects.filter(ticket__in=moved))
    _mark(dirty)
    return len(derived)


def _days_changed(before: TicketOutcome | None, after: TicketOutcome) -> set[date]:
    days: set[date] = set()
    for name, columns in _COUNTED.items():
        if name == "received_day":
            continue
        old, new = (_counted(row, name, columns) for row in (before, after))
        if old != new:
            days |= {day for day in (before and getattr(before, name), getattr(after, name)) if day}
    return days


def _counted(row: TicketOutcome | None, name: str, columns: Iterable[str]) -> tuple[Any, ...] | None:
    if row is None or getattr(row, name) is None:
        return None
    return getattr(row, name), *(getattr(row, column) for column in columns), *_where(row)


def _where(row: TicketOutcome) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _WHERE)


def _after_calendar_changes(state: Upkeep, calendars: Calendars) -> int:
    """Handling times are working time: a date that became a day off or a day worked changes those that span it."""
    derived = 0
    for change in CalendarChange.objects.filter(pk__gt=state.calendar_change).order_by("pk"):
        spanning = TicketOutcome.objects.filter(resolved_day__gte=change.date)
        if change.what == Changed.DAY:  # hours hold from then on
            spanning = spanning.filter(received_day__lte=change.date)
        last = 0
        while keys := list(spanning.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
            derived += _take_in(keys, calendars)
            last = keys[-1]
        state.calendar_change = change.pk
    return derived


# --- Days -------------------------------------------------------------------------------------------------------------


def _mark(days: Iterable[date]) -> None:
    DirtyDay.objects.bulk_create([DirtyDay(day=day) for day in sorted(set(days))], ignore_conflicts=True)


def _mark_arrivals(since: datetime) -> None:
    """Days on which tickets arrived that were stored since, touched meanwhile or not."""
    _mark(_days(Ticket.objects.filter(received_at__gte=since), "received_at"))


def _mark_deliveries(since: datetime) -> None:
    _mark(_delivery_days(OutboxMessage.objects.filter(delivered_at__gte=since)))


def _delivery_days(messages: QuerySet[Any]) -> set[date]:
    return _days(messages.filter(state=DeliveryState.DELIVERED), "delivered_at")


def _days(rows: QuerySet[Any], instant: str) -> set[date]:
    zone = timezone.get_default_timezone()
    return set(rows.annotate(on=TruncDate(instant, tzinfo=zone)).order_by().values_list("on", flat=True).distinct())


def _sum_up() -> int:
    """Make the sums of dirty days anew, each day in a transaction of its own."""
    days = 0
    for day in list(DirtyDay.objects.order_by("day").values_list("day", flat=True)):
        with transaction.atomic():
            # Locked before its tickets are read: whoever changes them meanwhile waits, or marks the day again.
            if DirtyDay.objects.select_for_update(skip_locked=True).filter(pk=day).first() is None:
                continue
            DirtyDay.objects.filter(pk=day).delete()
            for model in (UnitDay, UnitSourceDay, MixDay, ArrivalHour):
                model.objects.filter(day=day).delete()
            _store_sums(Period(day, day))
        days += 1
    return days


def _store_sums(period: Period) -> None:
    """Sums of days that have none."""
    by_unit: dict[tuple[Any, ...], dict[str, int]] = {}
    rows: list[Any] = []
    for (day, unit, source), sums in tally(period, by=("unit", "source")).items():
        rows.append(UnitSourceDay(day=day, unit_id=unit, source_id=source, **sums))
        total = by_unit.setdefault((day, unit), {})
        for name, number in sums.items():
            total[name] = total.get(name, 0) + number
    insert_rows(rows)
    insert_rows([UnitDay(day=day, unit_id=unit, **sums) for (day, unit), sums in by_unit.items()])
    mix = tally(period, by=("source", "category", "urgency"))
    insert_rows([MixDay(day=d, source_id=s, category=c, urgency=u, **sums) for (d, s, c, u), sums in mix.items()])
    hours = arrivals_by_hour(period, by_source=True)
    insert_rows([ArrivalHour(day=d, hour=h, source_id=s, received=n) for d, h, s, n in hours])


def _months() -> Iterator[Period]:
    """From the first day with a ticket to the last with anything, month by month."""
    zone = timezone.get_default_timezone()
    ends = Ticket.objects.aggregate(first=Min("received_at"), last=Max("received_at"))
    if ends["first"] is None:
        return
    days = TicketOutcome.objects.aggregate(
        **{f"low_{n}": Min(name) for n, name in enumerate(_COUNTED)},
        **{f"high_{n}": Max(name) for n, name in enumerate(_COUNTED)},
    )
    delivered = OutboxMessage.objects.aggregate(low=Min("delivered_at"), high=Max("delivered_at"))
    instants = [*ends.values(), *(value for value in delivered.values() if value)]
    known = [day for day in days.values() if day] + [instant.astimezone(zone).date() for instant in instants]
    day, last = min(known), max(known)
    while day <= last:
        end = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        yield Period(day, min(end, last))
        day = end + timedelta(days=1)
