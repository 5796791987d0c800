"""What open clocks would be due by today's calendars, and moving them there. Policies and targets stay as given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inbox.sla import timers
from inbox.sla.models import SlaClock
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
    return [move for keys in _batches() for _, move in _reckoned(_rows(keys), calendars)]


def recalculate(*, at: datetime, actor_id: int | None = None) -> list[Move]:
    """Move open clocks to where today's calendars put them, with an event each; returns what moved."""
    calendars = Calendars()
    moves: list[Move] = []
    for keys in _batches():
        moves += _apply(keys, calendars, at=at, actor_id=actor_id)
    return moves


def _batches() -> Iterator[list[int]]:
    """The keys of all open clocks, a batch at a time."""
    last = 0
    open_clocks = SlaClock.objects.open().order_by("pk").values_list("pk", flat=True)
    while keys := list(open_clocks.filter(pk__gt=last)[:BATCH]):
        last = keys[-1]
        yield keys


def _rows(keys: list[int]) -> list[SlaClock]:
    """Those of the clocks that are still open."""
    return list(SlaClock.objects.open().filter(pk__in=keys).select_related("policy").prefetch_related("pauses"))


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
    moved = _reckoned(_rows(keys), calendars)
    # An upsert of whole rows: bulk_update would send a CASE per row for each of the columns.
    SlaClock.objects.bulk_create(
        [row for row, _ in moved], update_conflicts=True, unique_fields=["id"], update_fields=timers.MOVED
    )
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
