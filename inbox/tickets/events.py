"""The only writer of ticket history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inbox.tickets.models import Message, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row of history to be. `data` is JSON and carries no personal data."""

    ticket_id: int
    kind: EventKind
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    actor_id: int | None = None
    source_id: int | None = None


def record_many(rows: Iterable[NewEvent]) -> list[TicketEvent]:
    """Append many events in a constant number of statements."""
    return TicketEvent.objects.bulk_create([_row(new) for new in rows])


def record(new: NewEvent) -> TicketEvent:
    """Append one event."""
    return record_many([new])[0]


def record_message(new: NewEvent, *, kind: MessageKind, body: str) -> TicketEvent:
    """Append one event with the text it brought."""
    event = record(new)
    Message.objects.create(ticket_id=new.ticket_id, event=event, kind=kind, body=body)
    return event


def record_messages(rows: Sequence[tuple[NewEvent, MessageKind, str]]) -> None:
    """Append many events with their texts in two statements."""
    events = record_many(new for new, _, _ in rows)
    Message.objects.bulk_create(
        Message(ticket_id=event.ticket_id, event=event, kind=kind, body=body)
        for event, (_, kind, body) in zip(events, rows, strict=True)
    )


def _row(new: NewEvent) -> TicketEvent:
    return TicketEvent(
        ticket_id=new.ticket_id,
        kind=new.kind,
        at=new.at,
        data=new.data,
        actor_id=new.actor_id,
        source_id=new.source_id,
    )
