"""The only writer of ticket history. Every event is chained to the one before it on the same ticket (`chain`)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from inbox.core.bulk import insert_made_rows, insert_rows, new_row, update_rows
from inbox.tickets import chain
from inbox.tickets.models import ChainHead, Message, Ticket, TicketEvent, UntoldEvent
from inbox.tickets.vocabulary import TOLD, EventKind, MessageKind


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row of history to be. `data` is JSON and carries no personal data."""

    ticket_id: int
    kind: EventKind
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    actor_id: int | None = None
    source_id: int | None = None


def record_many(rows: Iterable[NewEvent], *, on_new_tickets: bool = False) -> list[TicketEvent]:
    """Append many events in a constant number of statements; those that people must hear of are marked as untold.

    Events of one ticket are chained in the order given. `on_new_tickets` says that the tickets were stored in this
    very transaction and have no history: nobody else can see them, so there is nothing to lock or to look up.
    """
    return _append([(new, None) for new in rows], on_new_tickets=on_new_tickets)


def record_alike(
    kind: EventKind, at: datetime, data: Mapping[int, dict[str, Any]], *, actor_id: int | None = None
) -> None:
    """Append one event of the same kind to each of many tickets, which the caller has locked. `data` by ticket.

    On PostgreSQL the database itself links them, in one statement: the sweep marks thousands at once.
    """
    if connection.vendor != "postgresql":
        record_many(NewEvent(ticket, kind, at, one, actor_id=actor_id) for ticket, one in data.items())
    elif data:
        with connection.cursor() as cursor:
            cursor.execute(*_linking(kind, at, data, actor_id))


def _linking(
    kind: EventKind, at: datetime, data: Mapping[int, dict[str, Any]], actor_id: int | None
) -> tuple[str, dict[str, Any]]:
    """The statement that does what `_append` does, with its parameters."""
    # The spelling of what is hashed comes from where it is defined; the database only fills in what differs.
    content = chain.event_content(
        ticket_id="@ticket",  # type: ignore[arg-type]
        sequence="@sequence",  # type: ignore[arg-type]
        kind=kind,
        at=at,
        actor_id=actor_id,
        source_id=None,
        data="@data",  # type: ignore[arg-type]
        message_hash="",
    )
    spelt = re.split('"@(?:data|sequence|ticket)"', chain.canonical(content))
    events, heads, untold = (model._meta.db_table for model in (TicketEvent, ChainHead, UntoldEvent))
    told = f"INSERT INTO {untold} (event_id)" if kind in TOLD else ""
    statement = f"""
        WITH new AS (
            SELECT ticket_id, data, coalesce(head.sequence, 0) + 1 AS sequence, coalesce(head.hash, '') AS previous
            FROM unnest(%(tickets)s::bigint[], string_to_array(%(data)s, chr(10))) AS new(ticket_id, data)
            LEFT JOIN {heads} head USING (ticket_id)
        ), linked AS (
            SELECT ticket_id, data, sequence, encode(sha256(convert_to(
                previous || %(a)s || data || %(b)s || sequence || %(c)s || ticket_id || %(d)s, 'UTF8'
            )), 'hex') AS hash FROM new
        ), stored AS (
            INSERT INTO {events} (ticket_id, kind, at, actor_id, data, sequence, message_hash, hash)
            SELECT ticket_id, %(kind)s, %(at)s, %(actor)s, data::jsonb, sequence, '', hash FROM linked RETURNING id
        ), ends AS (
            INSERT INTO {heads} (ticket_id, sequence, hash) SELECT ticket_id, sequence, hash FROM linked
            ON CONFLICT (ticket_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash
        ) {told} SELECT id FROM stored"""  # noqa: S608  tables of ours
    values = {
        "tickets": list(data),
        "data": "\n".join(map(chain.canonical, data.values())),  # JSON writes a new line in a text as two letters
        **dict(zip("abcd", spelt, strict=True)),
        "kind": kind.value,
        "at": at,
        "actor": actor_id,
    }
    return statement, values


def record(new: NewEvent, *, is_locked: bool = False) -> TicketEvent:
    """Append one event. `is_locked`: the ticket was locked by an earlier statement of this transaction."""
    return _append([(new, None)], is_locked=is_locked)[0]


def record_message(new: NewEvent, *, kind: MessageKind, body: str, is_locked: bool = False) -> TicketEvent:
    """Append one event with the text it brought. `is_locked` as in `record`."""
    return _append([(new, _message(new, kind, body))], is_locked=is_locked)[0]


def record_mixed(
    rows: Sequence[tuple[NewEvent, tuple[MessageKind, str] | None]], *, on_new_tickets: bool = False
) -> list[TicketEvent]:
    """Append many events, those with a text and those without, in the order given: see `record_many`."""
    return _append([(new, _message(new, *text) if text else None) for new, text in rows], on_new_tickets=on_new_tickets)


def _message(new: NewEvent, kind: MessageKind, body: str) -> Message:
    return Message(ticket_id=new.ticket_id, kind=kind, body=body, salt=secrets.token_hex(16))


def lock_histories(ticket_ids: Collection[int]) -> None:
    """Lock tickets, so that one writer at a time continues a history. Whoever locks other rows too does this first."""
    list(Ticket.objects.filter(pk__in=ticket_ids).order_by("pk").select_for_update(of=("self",)).values_list("pk"))


@transaction.atomic(savepoint=False)
def _append(
    rows: Sequence[tuple[NewEvent, Message | None]], *, on_new_tickets: bool = False, is_locked: bool = False
) -> list[TicketEvent]:
    if not rows:
        return []
    ends = {} if on_new_tickets else _ends({new.ticket_id for new, _ in rows}, is_locked=is_locked)
    known = frozenset(ends)
    events: list[TicketEvent] = []

    def linked() -> Iterator[TicketEvent]:
        for new, message in rows:
            sequence, previous = ends.get(new.ticket_id, (0, chain.GENESIS))
            event = _row(new, message, sequence=sequence + 1)
            event.hash = chain.linked(previous, event.content)
            ends[new.ticket_id] = (event.sequence, event.hash)
            events.append(event)
            yield event

    insert_made_rows(TicketEvent, linked(), len(rows))
    messages = []
    for event, (_, message) in zip(events, rows, strict=True):
        if message is not None:
            message.event = event
            messages.append(message)
    insert_rows(messages)
    insert_rows([UntoldEvent(event=event) for event in events if event.kind in TOLD])
    heads = [
        new_row(ChainHead, ticket_id=pk, sequence=sequence, hash=digest)
        for pk, (sequence, digest) in sorted(ends.items())
    ]
    insert_rows([head for head in heads if head.ticket_id not in known])
    update_rows([head for head in heads if head.ticket_id in known], ["sequence", "hash"])
    return events


def _ends(ticket_ids: set[int], *, is_locked: bool) -> dict[int, tuple[int, str]]:
    """Where each ticket's chain ends now. The lock is a statement of its own: what waited for it must read anew."""
    if not is_locked:
        lock_histories(ticket_ids)
    heads = ChainHead.objects.filter(ticket__in=ticket_ids).values_list("ticket_id", "sequence", "hash")
    return {pk: (sequence, digest) for pk, sequence, digest in heads}


def _row(new: NewEvent, message: Message | None, *, sequence: int) -> TicketEvent:
    return new_row(
        TicketEvent,
        ticket_id=new.ticket_id,
        sequence=sequence,
        kind=new.kind,
        at=new.at,
        data=new.data,
        actor_id=new.actor_id,
        source_id=new.source_id,
        message_hash=chain.text_hash(message.salt, message.kind, message.body) if message else "",
    )
