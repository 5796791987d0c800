"""Turn a page of records into tickets: set-based, one transaction, harmless to repeat.

The number of statements does not grow with the page, however new, changed and unchanged complaints are mixed in it.
Changes of complaints that we know are `update_from_source`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.records import InboundRecord
from inbox.accounts.models import Official
from inbox.actions.update_from_source import (
    add_files,
    answered,
    enter_status,
    files_of,
    routing_data,
    units_with,
    update_from_source,
)
from inbox.core.bulk import insert_made_rows, insert_rows, new_row
from inbox.routing.assign import route_places
from inbox.routing.rules import Routing
from inbox.sla import timers
from inbox.sla.models import SlaClock
from inbox.sources.models import Source
from inbox.tickets import records as said
from inbox.tickets.events import NewEvent, record_mixed
from inbox.tickets.models import ExternalRef, Reporter, Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind
from inbox.units.models import Unit

#: A source clock may run ahead of ours by this much before a time counts as impossible.
SKEW = timedelta(minutes=10)
_EARLIEST_YEAR = 2000


@dataclass(slots=True)
class Ingested:
    """What became of the records of a page, by external id. The first three and `doubtful` share out the page."""

    created: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)  # not taken: the source gave the id to another complaint
    late: set[str] = field(default_factory=set)  # unchanged, because older than what we have; on record since now

    def add(self, other: Ingested) -> None:
        """Take in what became of other records."""
        self.created |= other.created
        self.updated |= other.updated
        self.unchanged |= other.unchanged
        self.doubtful |= other.doubtful
        self.late |= other.late


def ingest_page(
    source: Source,
    records: Sequence[InboundRecord],
    *,
    at: datetime,
    entered_by: Official | None = None,
    settles: bool = False,
    same: bool = False,
) -> Ingested:
    """Store a page. Call it inside the transaction that also moves the cursor; ids are unique within the page.

    `entered_by` is who wrote it down, where that was a person and not a source system. `settles` is for full readings,
    which mend what a source with a wrong clock has left: an older stamp is then no reason to pass a record over.
    `same` says that somebody has looked: these ids mean the complaints that they meant before.
    """
    result = Ingested()
    revisions = dict(
        ExternalRef.objects.filter(source=source, external_id__in=[r.external_id for r in records]).values_list(
            "external_id", "seen_revision"
        )
    )
    # In one order everywhere, so that two pages with the same complaints wait for each other instead of locking up.
    new = sorted((r for r in records if r.external_id not in revisions), key=lambda r: r.external_id)
    changed = [r for r in records if r.external_id in revisions and revisions[r.external_id] != r.revision]
    result.unchanged = {r.external_id for r in records} - {r.external_id for r in (*new, *changed)}
    if new:
        _create(source, new, at=at, entered_by=entered_by)
        result.created = {r.external_id for r in new}
    if changed:
        done = update_from_source(source, changed, at=at, settles=settles, same=same)
        result.updated, result.doubtful, result.late = done.visible, done.doubtful, done.late
        result.unchanged |= {r.external_id for r in changed} - done.visible - done.doubtful
    return result


def _create(source: Source, records: Sequence[InboundRecord], *, at: datetime, entered_by: Official | None) -> None:
    routings = route_places([r.place for r in records], at=at)
    units = units_with([routing.unit_code for routing in routings], at=at)
    reporters = [said.reporter_of(r) for r in records]
    insert_rows(reporters)
    promises = timers.NewClocks()
    tickets: list[Ticket] = []
    clocks: list[list[SlaClock]] = []

    def made() -> Iterator[Ticket]:
        for record, routing, reporter in zip(records, routings, reporters, strict=True):
            ticket = _ticket(source, record, routing, units.get(routing.unit_code or ""), reporter, at=at)
            own = promises.of(timers.facts_of(ticket, source))
            timers.settle_imported(own, ticket)
            timers.set_next_due(ticket, own)
            tickets.append(ticket)
            clocks.append(own)
            yield ticket

    insert_made_rows(Ticket, made(), len(records))
    timers.save_new(clocks, tickets)
    refs = (_ref(source, record, ticket, at=at) for record, ticket in zip(records, tickets, strict=True))
    insert_made_rows(ExternalRef, refs, len(records))
    add_files([f for r, t in zip(records, tickets, strict=True) for f in files_of(source, r, t, at=at)])
    history: list[tuple[NewEvent, tuple[MessageKind, str] | None]] = []
    for record, ticket, routing in zip(records, tickets, routings, strict=True):
        received = {"external_id": record.external_id, "status": record.status, "remarks": list(ticket.remarks)}
        actor_id = entered_by.pk if entered_by else None
        history.append((_event(source, ticket, EventKind.RECEIVED, received, at=at, actor_id=actor_id), None))
        history.append((_event(source, ticket, EventKind.ROUTED, routing_data(ticket, routing), at=at), None))
        if record.answer:
            event = _event(source, ticket, EventKind.SOURCE_STATUS_CHANGED, answered(record), at=at)
            history.append((event, (MessageKind.REPLY, record.answer)))
    record_mixed(history, on_new_tickets=True)


def _event(
    source: Source,
    ticket: Ticket,
    kind: EventKind,
    data: dict[str, Any],
    *,
    at: datetime,
    actor_id: int | None = None,
) -> NewEvent:
    return NewEvent(ticket.pk, kind, at, data, actor_id=actor_id, source_id=source.pk)


def _ticket(
    source: Source, record: InboundRecord, routing: Routing, unit: Unit | None, reporter: Reporter, *, at: datetime
) -> Ticket:
    possible = record.sent_at <= at + SKEW and record.sent_at.year >= _EARLIEST_YEAR
    ticket = new_row(
        Ticket,
        **said.content_of(record),
        search_key=said.search_key_of(record),
        category=record.category,
        source_id=source.pk,
        reporter_id=reporter.pk,
        unit_id=unit.pk if unit else None,
        routing_method=routing.method,
        routing_confidence=routing.confidence,
        routing_reason=routing.reason[:300],
        routing_candidates=list(routing.candidates),
        received_at=at,
        clock_from=min(record.sent_at, at) if possible else at,
        remarks=list(record.remarks) + ([] if possible else ["clock_from_arrival"]),
        updated_at=at,
    )
    enter_status(ticket, said.STATUS[record.status], record, at=at)
    return ticket


def _ref(source: Source, record: InboundRecord, ticket: Ticket, *, at: datetime) -> ExternalRef:
    ref = new_row(
        ExternalRef, ticket_id=ticket.pk, source_id=source.pk, external_id=record.external_id, first_seen_at=at
    )
    said.see(ref, record, at=at)
    return ref
