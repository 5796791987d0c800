"""What open clocks would be due by today's calendars, and moving them there. Policies and targets stay as given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inbox.sla import timers
from inbox.sla.models import SlaClock, SlaClockQuerySet
from inbox.sla.queries import Calendars
from inbox.tickets.events import NewEvent, record_many
from inbox.tickets.models import Ticket, code_of
from inbox.tickets.vocabulary import EventKind

BATCH = 500


@dataclass(frozen=True, slots=True)
class Move:
    """One due date that is not where the calendar puts it."""

    ticket_id: int
    kind: str
    before: datetime
    after: datetime

    @property
    def ticket(self) -> str:
        """The code that people read."""
        return code_of(self.ticket_id)


def preview() -> list[Move]:
    """What `recalculate` would move now; writes nothing."""
    calendars = Calendars()
    moves = []
    for batch in _batches():
        moves += [move for _, move in _reckoned(batch, calendars)]
    return moves


def recalculate(*, at: datetime, actor_id: int | None = None) -> list[Move]:
    """Move open clocks to where today's calendars put them, with an event each; returns what moved."""
    calendars = Calendars()
    moves: list[Move] = []
    for batch in _batches():
        moves += _apply([row.pk for row in batch], calendars, at=at, actor_id=actor_id)
    return moves


def _batches() -> Iterator[list[SlaClock]]:
    last = 0
    while rows := list(_clocks().filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        yield rows


def _clocks() -> SlaClockQuerySet:
    return SlaClock.objects.open().select_related("policy").prefetch_related("pauses")


def _reckoned(rows: list[SlaClock], calendars: Calendars) -> list[tuple[SlaClock, Move]]:
    """The rows whose due date moves, with their new dates set."""
    moved = []
    for row in rows:
        before = row.due_at
        if timers.reckon(row, row.pauses.all(), calendars):
            moved.append((row, Move(row.ticket_id, row.kind, before, row.due_at)))
    return moved


@transaction.atomic
def _apply(keys: list[int], calendars: Calendars, *, at: datetime, actor_id: int | None) -> list[Move]:
    # Tickets first, as every act does: two orders of locking would wait for each other for ever.
    list(Ticket.objects.filter(clocks__in=keys).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    rows = list(_clocks().filter(pk__in=keys))
    moved = _reckoned(rows, calendars)
    SlaClock.objects.bulk_update([row for row, _ in moved], timers.MOVED)
    timers.refresh_next_due(move.ticket_id for _, move in moved)
    record_many(
        NewEvent(
            move.ticket_id,
            EventKind.SLA_RECALCULATED,
            at,
            {"clock": move.kind, "before": move.before.isoformat(), "after": move.after.isoformat()},
            actor_id=actor_id,
        )
        for _, move in moved
    )
    return [move for _, move in moved]
