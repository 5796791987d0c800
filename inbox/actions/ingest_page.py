"""Turn a page of records into tickets: set-based, one transaction, harmless to repeat.

The number of statements does not grow with the page, except for the rows of complaints that changed in their source
after we knew them. What officials own (unit, assignee, category) is never overwritten by a source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from connectors.records import InboundRecord, OutboundAction, SourceStatus
from inbox.core.fields import keyed_hash
from inbox.core.text import search_key
from inbox.core.wake import after_commit
from inbox.outbox.models import OutboxMessage
from inbox.routing.assign import route_places
from inbox.routing.rules import Routing
from inbox.sla import timers
from inbox.sources.models import Source
from inbox.tickets import workflow
from inbox.tickets.events import NewEvent, record_many, record_messages
from inbox.tickets.models import Attachment, ExternalRef, Reporter, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Status, Urgency
from inbox.units.models import Unit

#: A source clock may run ahead of ours by this much before a time counts as impossible.
SKEW = timedelta(minutes=10)
_EARLIEST_YEAR = 2000

_STATUS: dict[SourceStatus, Status] = {
    SourceStatus.NEW: Status.NEW,
    SourceStatus.ACCEPTED: Status.ACCEPTED,
    SourceStatus.IN_PROGRESS: Status.IN_PROGRESS,
    SourceStatus.WAITING_CITIZEN: Status.WAITING_CITIZEN,
    SourceStatus.RESOLVED: Status.RESOLVED,
    SourceStatus.REFUSED: Status.REFUSED,
    SourceStatus.RETURNED: Status.RETURNED,
    SourceStatus.TRANSFERRED: Status.TRANSFERRED,
    SourceStatus.WITHDRAWN: Status.WITHDRAWN,
    SourceStatus.UNMAPPED: Status.NEW,
}

#: What a source says after it took one of our messages: seeing that again is our own echo.
_ECHO: dict[OutboundAction, frozenset[SourceStatus]] = {
    OutboundAction.ACCEPT: frozenset({SourceStatus.ACCEPTED}),
    OutboundAction.START: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.REPLY: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.ASK_CITIZEN: frozenset({SourceStatus.WAITING_CITIZEN}),
    OutboundAction.RESOLVE: frozenset({SourceStatus.RESOLVED}),
    OutboundAction.RETURN: frozenset({SourceStatus.RETURNED, SourceStatus.REFUSED, SourceStatus.TRANSFERRED}),
    OutboundAction.REFUSE: frozenset({SourceStatus.REFUSED, SourceStatus.RETURNED}),
    OutboundAction.TRANSFER: frozenset({SourceStatus.TRANSFERRED}),
    OutboundAction.REOPEN: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.EXTEND: frozenset({SourceStatus.IN_PROGRESS}),
}


@dataclass(slots=True)
class Ingested:
    """What became of the records of a page, by external id."""

    created: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)


def ingest_page(source: Source, records: Sequence[InboundRecord], *, at: datetime) -> Ingested:
    """Store a page. Call it inside the transaction that also moves the cursor; ids are unique within the page."""
    result = Ingested()
    revisions = dict(
        ExternalRef.objects.filter(source=source, external_id__in=[r.external_id for r in records]).values_list(
            "external_id", "seen_revision"
        )
    )
    new = [r for r in records if r.external_id not in revisions]
    changed = [r for r in records if r.external_id in revisions and revisions[r.external_id] != r.revision]
    result.unchanged = {r.external_id for r in records} - {r.external_id for r in (*new, *changed)}
    if new:
        _create(source, new, at=at)
        result.created = {r.external_id for r in new}
    if changed:
        result.updated = _update(source, changed, at=at)
        result.unchanged |= {r.external_id for r in changed} - result.updated
    return result


# --- New complaints ---------------------------------------------------------------------------------------------------


def _create(source: Source, records: Sequence[InboundRecord], *, at: datetime) -> None:
    routings = route_places([r.place for r in records], at=at)
    units = _units([routing.unit_code for routing in routings], at=at)
    reporters = Reporter.objects.bulk_create([_reporter(r) for r in records])
    tickets = [
        _ticket(source, record, routing, units.get(routing.unit_code or ""), reporter, at=at)
        for record, routing, reporter in zip(records, routings, reporters, strict=True)
    ]
    clocks = timers.new_clocks([timers.facts_of(ticket, source) for ticket in tickets])
    for ticket, own in zip(tickets, clocks, strict=True):
        timers.settle_imported(own, ticket)
        ticket.next_due_at = timers.earliest_due(own, ticket)
    Ticket.objects.bulk_create(tickets)
    timers.save_new(clocks, tickets)
    ExternalRef.objects.bulk_create(
        _ref(source, record, ticket, at=at) for record, ticket in zip(records, tickets, strict=True)
    )
    _add_attachments(source, zip(records, tickets, strict=True), at=at)
    record_many(
        event
        for record, ticket, routing in zip(records, tickets, routings, strict=True)
        for event in (
            NewEvent(
                ticket.pk,
                EventKind.RECEIVED,
                at,
                {"external_id": record.external_id, "status": record.status, "remarks": list(ticket.remarks)},
                source_id=source.pk,
            ),
            NewEvent(ticket.pk, EventKind.ROUTED, at, _routing_data(ticket, routing), source_id=source.pk),
        )
    )
    answered = [(r, t) for r, t in zip(records, tickets, strict=True) if r.answer]
    record_messages([_answer_from_source(source, record, ticket, at=at) for record, ticket in answered])


def _units(codes: Iterable[str | None], *, at: datetime) -> dict[str, Unit]:
    wanted = {code for code in codes if code}
    return (
        {unit.code: unit for unit in Unit.objects.current(timezone.localdate(at)).filter(code__in=wanted)}
        if wanted
        else {}
    )


def _ticket(
    source: Source, record: InboundRecord, routing: Routing, unit: Unit | None, reporter: Reporter, *, at: datetime
) -> Ticket:
    possible = record.sent_at <= at + SKEW and record.sent_at.year >= _EARLIEST_YEAR
    ticket = Ticket(
        title=record.title[:300],
        text=record.text,
        category=record.category,
        urgency=Urgency.URGENT if record.urgent else Urgency.NORMAL,
        source=source,
        reporter=reporter,
        unit=unit,
        address=record.place.text,
        lat=record.place.lat,
        lng=record.place.lng,
        routing_method=routing.method,
        routing_confidence=routing.confidence,
        routing_reason=routing.reason[:300],
        routing_candidates=list(routing.candidates),
        sent_at=record.sent_at,
        received_at=at,
        clock_from=min(record.sent_at, at) if possible else at,
        source_due_at=record.due_at,
        remarks=list(record.remarks) + ([] if possible else ["clock_from_arrival"]),
        search_key=_search_key(record),
        updated_at=at,
    )
    _enter_status(ticket, _STATUS[record.status], record, at=at)
    return ticket


def _enter_status(ticket: Ticket, status: Status, record: InboundRecord, *, at: datetime) -> None:
    """Put a ticket into a status that the source decided, with the instants that go with it."""
    ticket.set_status(status)
    happened = min(record.answered_at or record.updated_at or at, at)
    if status is not Status.NEW and ticket.accepted_at is None:
        ticket.accepted_at = happened
    if status is Status.RESOLVED:
        ticket.resolved_at = happened


def _search_key(record: InboundRecord) -> str:
    return search_key(" ".join((record.title, record.text, record.place.text)))


def _reporter(record: InboundRecord, row: Reporter | None = None) -> Reporter:
    said = record.reporter
    row = row or Reporter()
    row.name, row.phone, row.email, row.address = said.name, said.phone, said.email, said.address
    row.phone_hash = keyed_hash(said.phone) if said.phone else ""
    row.email_hash = keyed_hash(said.email) if said.email else ""
    row.is_anonymous = said.anonymous
    return row


def _ref(source: Source, record: InboundRecord, ticket: Ticket, *, at: datetime) -> ExternalRef:
    ref = ExternalRef(ticket=ticket, source=source, external_id=record.external_id, first_seen_at=at)
    _see(ref, record, at=at)
    return ref


def _see(ref: ExternalRef, record: InboundRecord, *, at: datetime) -> None:
    """Remember on the reference what the source shows now."""
    ref.write_id = record.write_id
    ref.seen_revision = record.revision
    ref.content_hash = _content_hash(record)
    ref.seen_status = record.status
    ref.seen_status_raw = record.status_raw[:100]
    ref.seen_answer_hash = _hash(record.answer)
    ref.source_updated_at = record.updated_at
    ref.last_changed_at = at


def _content_hash(record: InboundRecord) -> str:
    """What the citizen said and the source set, without its status and answers."""
    reporter = record.reporter
    files = [(a.name, a.url) for a in record.attachments]
    return _hash(repr((record.title, record.text, record.place, reporter, record.due_at, files, record.urgent)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _routing_data(ticket: Ticket, routing: Routing) -> dict[str, Any]:
    return {
        "unit": ticket.unit_id,
        "method": routing.method,
        "confidence": routing.confidence,
        "reason": routing.reason,
        "candidates": list(routing.candidates),
    }


def _add_attachments(source: Source, pairs: Iterable[tuple[InboundRecord, Ticket]], *, at: datetime) -> None:
    rows = [
        Attachment(
            ticket=ticket,
            source=source,
            name=file.name[:300],
            url=file.url[:2000],
            media_type=file.media_type[:100],
            added_at=at,
            next_attempt_at=at,
        )
        for record, ticket in pairs
        for file in record.attachments
    ]
    if rows:
        Attachment.objects.bulk_create(rows, ignore_conflicts=True)
        after_commit("inbox.intake.tasks.fetch_files")


def _answer_from_source(
    source: Source, record: InboundRecord, ticket: Ticket, *, at: datetime
) -> tuple[NewEvent, MessageKind, str]:
    event = NewEvent(
        ticket.pk,
        EventKind.SOURCE_STATUS_CHANGED,
        at,
        {"status": record.status, "answered": True},
        source_id=source.pk,
    )
    return event, MessageKind.REPLY, record.answer


# --- Complaints that changed in their source --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we did on the tickets of a page: tells an echo from a change, and touched tickets from untouched ones."""

    touched: frozenset[int]
    last_action: dict[int, OutboundAction]  # by reference
    keys: frozenset[str]
    texts: frozenset[tuple[int, str]]  # (reference, hash of a text we sent)


def _update(source: Source, records: Sequence[InboundRecord], *, at: datetime) -> set[str]:
    """Returns the external ids with a visible change."""
    by_id = {record.external_id: record for record in records}
    refs = list(
        ExternalRef.objects.filter(source=source, external_id__in=by_id)
        .select_related("ticket__reporter")
        .select_for_update(of=("self", "ticket"))
        .order_by("pk")
    )
    ours = _what_we_did(refs)
    visible: set[str] = set()
    for ref in refs:
        record = by_id[ref.external_id]
        if ref.source_updated_at and record.updated_at and record.updated_at < ref.source_updated_at:
            continue  # an older state that arrived late
        if _apply(source, ref, record, ours, at=at):
            visible.add(ref.external_id)
    return visible


def _what_we_did(refs: Sequence[ExternalRef]) -> _Ours:
    tickets = [ref.ticket_id for ref in refs]
    sent = list(
        OutboxMessage.objects.filter(ref__in=refs).order_by("pk").values_list("ref_id", "action", "key", "text")
    )
    return _Ours(
        touched=frozenset(
            TicketEvent.objects.filter(ticket__in=tickets, actor__isnull=False)
            .exclude(kind__in=[EventKind.NOTE_ADDED, EventKind.REPORTER_REVEALED])
            .values_list("ticket_id", flat=True)
        ),
        last_action={ref_id: OutboundAction(action) for ref_id, action, _, _ in sent},
        keys=frozenset(key for _, _, key, _ in sent),
        texts=frozenset((ref_id, _hash(text)) for ref_id, _, _, text in sent if text),
    )


def _apply(source: Source, ref: ExternalRef, record: InboundRecord, ours: _Ours, *, at: datetime) -> bool:
    ticket = ref.ticket
    content_changed = ref.content_hash != _content_hash(record)
    status_changed = ref.seen_status != record.status
    new_answer = bool(record.answer) and ref.seen_answer_hash != _hash(record.answer)
    foreign_answer = new_answer and (ref.pk, _hash(record.answer.strip())) not in ours.texts
    visible = False
    if content_changed:
        visible |= _apply_content(source, ticket, record, at=at)
    if status_changed and not _is_echo(ref, record, ours):
        visible |= _apply_status(source, ref, record, ours, foreign_answer=foreign_answer, at=at)
    elif foreign_answer:
        record_messages([_answer_from_source(source, record, ticket, at=at)])
        visible = True
    if visible:
        ticket.version += 1
        ticket.updated_at = at
        ticket.next_due_at = timers.next_due_at(ticket)
        ticket.save()
    _see(ref, record, at=at)
    ref.save()
    return visible


def _is_echo(ref: ExternalRef, record: InboundRecord, ours: _Ours) -> bool:
    if record.last_write_key and record.last_write_key in ours.keys:
        return True
    action = ours.last_action.get(ref.pk)
    return action is not None and record.status in _ECHO[action]


def _apply_content(source: Source, ticket: Ticket, record: InboundRecord, *, at: datetime) -> bool:
    """The citizen or the source changed what was said. The former text stays in the payload as it was received."""
    values = {
        "title": record.title[:300],
        "text": record.text,
        "address": record.place.text,
        "lat": record.place.lat,
        "lng": record.place.lng,
        "source_due_at": record.due_at,
        "urgency": Urgency.URGENT if record.urgent else Urgency.NORMAL,
    }
    changed = [name for name, value in values.items() if getattr(ticket, name) != value]
    for name in changed:
        setattr(ticket, name, values[name])
    ticket.search_key = _search_key(record)
    before = _reporter_values(ticket.reporter)
    if _reporter_values(_reporter(record, ticket.reporter)) != before:
        ticket.reporter.save()
        changed.append("reporter")
    known = Attachment.objects.filter(ticket=ticket).count()
    _add_attachments(source, [(record, ticket)], at=at)
    if Attachment.objects.filter(ticket=ticket).count() != known:
        changed.append("attachments")
    if not changed:
        return False
    record_many([NewEvent(ticket.pk, EventKind.SOURCE_UPDATED, at, {"fields": changed}, source_id=source.pk)])
    if ticket.unit_id is None and {"address", "lat", "lng"} & set(changed):
        _route_again(source, ticket, record, at=at)
    return True


def _reporter_values(reporter: Reporter) -> tuple[object, ...]:
    return reporter.name, reporter.phone, reporter.email, reporter.address, reporter.is_anonymous


def _route_again(source: Source, ticket: Ticket, record: InboundRecord, *, at: datetime) -> None:
    """A ticket that waits in triage gets another chance when its place became clearer."""
    (routing,) = route_places([record.place], at=at)
    ticket.unit = _units([routing.unit_code], at=at).get(routing.unit_code or "")
    ticket.routing_method, ticket.routing_confidence = routing.method, routing.confidence
    ticket.routing_reason, ticket.routing_candidates = routing.reason[:300], list(routing.candidates)
    record_many([NewEvent(ticket.pk, EventKind.ROUTED, at, _routing_data(ticket, routing), source_id=source.pk)])


def _apply_status(
    source: Source, ref: ExternalRef, record: InboundRecord, ours: _Ours, *, foreign_answer: bool, at: datetime
) -> bool:
    """The source moved on by itself: follow where that is safe, otherwise show both sides and let a person decide."""
    ticket, theirs = ref.ticket, _STATUS[record.status]
    data = {"status": record.status, "raw": record.status_raw, "before": ref.seen_status, "ours": ticket.status}
    follow = record.status is not SourceStatus.UNMAPPED and workflow.follows_source(
        Status(ticket.status), theirs, touched_here=ticket.pk in ours.touched
    )
    disagrees = record.status is SourceStatus.UNMAPPED or (
        not follow and theirs in workflow.ENDED and theirs != ticket.status
    )
    if not follow and not disagrees and not foreign_answer:
        return False
    kind = EventKind.SOURCE_STATUS_CHANGED
    if follow:
        _enter_status(ticket, theirs, record, at=at)
        timers.follow_status(ticket, at=min(record.answered_at or record.updated_at or at, at))
        kind = EventKind.WITHDRAWN if theirs is Status.WITHDRAWN else kind
    elif disagrees:
        kind = EventKind.SOURCE_DISAGREES
    event = NewEvent(ticket.pk, kind, at, data, source_id=source.pk)
    if foreign_answer:
        record_messages([(event, MessageKind.REPLY, record.answer)])
    else:
        record_many([event])
    return True
