"""Take over what changed in a source on complaints that we know: set-based, in the caller's transaction.

The number of statements does not grow with the page. What officials own (unit, assignee, a category they chose) is
never overwritten, a state older than the one we have is only put on record, and an id that the source gave to another
complaint is left for a person. The rules for conflicts are in docs/intake.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from connectors.records import InboundRecord, OutboundAction, SourceStatus
from inbox.core.bulk import insert_rows, update_rows
from inbox.core.wake import after_commit
from inbox.outbox.comparison import ECHO, kind_of
from inbox.outbox.differences import Found, close_many, open_many, their_side
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState, DifferenceKind, FoundBy
from inbox.routing.assign import route_places
from inbox.routing.rules import Routing
from inbox.sla import timers
from inbox.sources.models import Source
from inbox.tickets import records as said
from inbox.tickets import workflow
from inbox.tickets.events import NewEvent, record_mixed
from inbox.tickets.models import Attachment, ExternalRef, Reporter, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Status
from inbox.units.models import Unit

#: Somebody may have entered the message in the source, whatever we have tried.
_MAY_BE_THERE = frozenset({DeliveryState.BY_HAND, DeliveryState.DELIVERED})
_UNHEARD = frozenset({DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.UNKNOWN, DeliveryState.IN_FLIGHT})
#: Differences that a change of status or answer does not settle.
_OTHER_MATTERS = (DifferenceKind.DEADLINE, DifferenceKind.LOST_THERE)
#: What a person may have done to a ticket without having worked on it.
_NOT_WORK = (
    *(EventKind.RECEIVED, EventKind.NOTE_ADDED, EventKind.REPORTER_REVEALED, EventKind.URGED),
    *(EventKind.ORIGINAL_VIEWED, EventKind.CITIZEN_TICKETS_VIEWED),
)
#: What a source says once the citizen has given what it waited for.
_NO_LONGER_WAITING = frozenset({SourceStatus.NEW, SourceStatus.ACCEPTED, SourceStatus.IN_PROGRESS})
#: Columns of a ticket that a source can change here.
_TICKET = [
    *said.CONTENT,
    "category",
    "search_key",
    "status",
    "is_open",
    "unit",
    "routing_method",
    "routing_confidence",
    "routing_reason",
    "routing_candidates",
    "accepted_at",
    "resolved_at",
    "next_due_at",
    "next_warn_at",
    "version",
    "updated_at",
]
_REPORTER = ["name", "phone", "email", "address", "phone_hash", "email_hash", "name_hash", "is_anonymous"]


@dataclass(slots=True)
class Updated:
    """What became of the records, by external id; those in no set changed nothing that anybody can see."""

    visible: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)  # an older state than ours, put on record now
    doubtful: set[str] = field(default_factory=set)  # another complaint under an id that we know


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we did on the tickets of a page: tells an echo from a change, and touched tickets from untouched ones."""

    touched: frozenset[int]
    last_action: dict[int, OutboundAction]  # by reference, of what may have reached it
    keys: frozenset[str]
    stamps: dict[tuple[int, str], OutboundAction]  # by reference and the source's stamp after a write of ours
    texts: frozenset[tuple[int, str]]  # (reference, hash of a text we sent)
    unheard: frozenset[int]  # references whose last text of ours has not arrived
    refused: frozenset[int]  # those of them of which the source refused it


@dataclass(slots=True)
class _Change:
    """One record and what it does to its ticket."""

    ref: ExternalRef
    record: InboundRecord
    fields: list[str] = field(default_factory=list)  # what was said differently
    files: list[Attachment] = field(default_factory=list)
    history: list[tuple[NewEvent, tuple[MessageKind, str] | None]] = field(default_factory=list)
    is_visible: bool = False
    disagrees: bool = False  # with what we say, so that a person has to decide
    settles: bool = False  # what the two sides differed in before
    moves_clocks: bool = False  # the clocks have to be looked at; most changes are only words

    @property
    def ticket(self) -> Ticket:
        return self.ref.ticket

    def tell(
        self, kind: EventKind, source: Source, data: dict[str, Any], *, at: datetime, answer: str | None = None
    ) -> None:
        """Put an event on record, with the answer it brought."""
        event = NewEvent(self.ref.ticket_id, kind, at, data, source_id=source.pk)
        self.history.append((event, (MessageKind.REPLY, answer) if answer else None))
        self.is_visible = True


def update_from_source(
    source: Source, records: Sequence[InboundRecord], *, at: datetime, settles: bool = False, same: bool = False
) -> Updated:
    """Bring tickets to what their source shows now. Every record must be known by its id.

    `settles` and `same`: see `ingest_page`.
    """
    by_id = {record.external_id: record for record in records}
    refs = _locked(source, by_id)
    result = Updated()
    late = [] if settles else [ref for ref in refs if _is_older(by_id[ref.external_id], ref)]
    passed_over = {ref.pk for ref in late}
    current = [_Change(ref, by_id[ref.external_id]) for ref in refs if ref.pk not in passed_over]
    resaid = [change for change in current if change.ref.content_hash != said.content_hash(change.record)]
    _load_reporters(resaid)
    another = [] if same else [c for c in resaid if said.is_another_complaint(c.ticket, c.record)]
    result.doubtful = {change.record.external_id for change in another}
    current = [change for change in current if change.record.external_id not in result.doubtful]
    resaid = [change for change in resaid if change.record.external_id not in result.doubtful]
    before = {change.ref.pk: said.reporter_values(change.ticket.reporter) for change in resaid}
    _say_anew(source, resaid, at=at)
    _route_again(source, resaid, at=at)
    for change in current:
        change.moves_clocks = _may_move_clocks(change)
    clocks = timers.ManyClocks({change.ref.ticket_id for change in current if change.moves_clocks})
    _follow(source, current, clocks, at=at)
    _store(current, clocks, [c for c in resaid if said.reporter_values(c.ticket.reporter) != before[c.ref.pk]], at=at)
    result.visible = {change.record.external_id for change in current if change.is_visible}
    result.late = _put_late_on_record(source, late, by_id, at=at)
    return result


def _locked(source: Source, by_id: dict[str, InboundRecord]) -> list[ExternalRef]:
    """The references and their tickets, locked in one order; references of one ticket share one object of it."""
    refs = list(
        ExternalRef.objects.filter(source=source, external_id__in=list(by_id))
        .select_related("ticket")
        .select_for_update(of=("self", "ticket"))
        .order_by("ticket_id", "pk")
    )
    tickets: dict[int, Ticket] = {}
    for ref in refs:
        ref.ticket = tickets.setdefault(ref.ticket_id, ref.ticket)
    return refs


def _is_older(record: InboundRecord, ref: ExternalRef) -> bool:
    return bool(ref.source_updated_at and record.updated_at and record.updated_at < ref.source_updated_at)


def _load_reporters(changes: Sequence[_Change]) -> None:
    rows = Reporter.objects.in_bulk({change.ticket.reporter_id for change in changes}) if changes else {}
    for change in changes:
        change.ticket.reporter = rows[change.ticket.reporter_id]


def _may_move_clocks(change: _Change) -> bool:
    return (
        "source_due_at" in change.fields
        or change.ref.seen_status != change.record.status
        or change.ticket.status == Status.WAITING_CITIZEN
    )


# --- What was said ----------------------------------------------------------------------------------------------------


def _say_anew(source: Source, changes: Sequence[_Change], *, at: datetime) -> None:
    """The citizen or the source changed what was said. The former text stays in the payload as it was received."""
    if not changes:
        return
    tickets = {change.ref.ticket_id for change in changes if change.record.attachments}
    known = set(Attachment.objects.filter(ticket__in=tickets).values_list("ticket_id", "url")) if tickets else set()
    chosen = _categories_chosen_here([change for change in changes if _names_another_category(change)])
    for change in changes:
        ticket, record = change.ticket, change.record
        for name, value in said.content_of(record).items():
            if getattr(ticket, name) != value:
                setattr(ticket, name, value)
                change.fields.append(name)
        ticket.search_key = said.search_key_of(record)
        before = said.reporter_values(ticket.reporter)
        if said.reporter_values(said.reporter_of(record, ticket.reporter)) != before:
            change.fields.append("reporter")
        change.files = [row for row in files_of(source, record, ticket, at=at) if (ticket.pk, row.url) not in known]
        if change.files:
            known.update((ticket.pk, row.url) for row in change.files)
            change.fields.append("attachments")
        kept = _take_category(change, chosen.get(ticket.pk, ""))
        if change.fields or kept:
            change.tell(EventKind.SOURCE_UPDATED, source, {"fields": list(change.fields)} | kept, at=at)


def _names_another_category(change: _Change) -> bool:
    before = change.ref.seen_category
    return said.knows_category(change.record) and bool(before) and change.record.category != before


def _categories_chosen_here(changes: Sequence[_Change]) -> dict[int, str]:
    """The category that an official chose last, by ticket. It stays theirs when the source comes to the same one."""
    if not changes:
        return {}
    events = TicketEvent.objects.filter(
        ticket__in={change.ref.ticket_id for change in changes}, kind=EventKind.CATEGORY_CHANGED
    )
    return {pk: data["category"] for pk, data in events.order_by("sequence").values_list("ticket_id", "data")}


def _take_category(change: _Change, chosen_here: str) -> dict[str, Any]:
    """Follow the source's category, unless somebody here chose one: then both are kept, and history says so."""
    ref, record, ticket = change.ref, change.record, change.ticket
    if not _names_another_category(change):
        return {}
    if ticket.category == ref.seen_category and ticket.category != chosen_here:
        ticket.category = record.category
        change.fields.append("category")
        return {}
    if ticket.category == record.category:
        return {}
    return {"kept": {"category": {"ours": ticket.category, "theirs": record.category}}}


def files_of(source: Source, record: InboundRecord, ticket: Ticket, *, at: datetime) -> list[Attachment]:
    """The record's files by reference, each address once. A task of its own fetches them."""
    rows = {
        file.url[:2000]: Attachment(
            ticket=ticket,
            source=source,
            name=file.name[:300],
            url=file.url[:2000],
            media_type=file.media_type[:100],
            added_at=at,
            next_attempt_at=at,
        )
        for file in record.attachments
    }
    return list(rows.values())


def add_files(rows: Sequence[Attachment]) -> None:
    """Store files by reference and have them fetched."""
    if rows:
        insert_rows(rows)
        after_commit("inbox.intake.tasks.fetch_files")


def _route_again(source: Source, changes: Sequence[_Change], *, at: datetime) -> None:
    """Tickets that wait in triage get another chance when something about them became clearer."""
    moved = [change for change in changes if change.ticket.unit_id is None and change.ticket.is_open]
    if not moved:
        return
    routings = route_places([change.record.place for change in moved], at=at)
    units = units_with([routing.unit_code for routing in routings], at=at)
    for change, routing in zip(moved, routings, strict=True):
        ticket = change.ticket
        if routing.unit_code is None and routing.reason[:300] == ticket.routing_reason:
            continue
        ticket.unit = units.get(routing.unit_code or "")
        ticket.routing_method, ticket.routing_confidence = routing.method, routing.confidence
        ticket.routing_reason, ticket.routing_candidates = routing.reason[:300], list(routing.candidates)
        change.tell(EventKind.ROUTED, source, routing_data(ticket, routing), at=at)


def units_with(codes: Sequence[str | None], *, at: datetime) -> dict[str, Unit]:
    """The units in force with these codes."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    return {unit.code: unit for unit in Unit.objects.current(timezone.localdate(at)).filter(code__in=wanted)}


def routing_data(ticket: Ticket, routing: Routing) -> dict[str, Any]:
    """The evidence of a routing, for history."""
    return {
        "unit": ticket.unit_id,
        "method": routing.method,
        "confidence": routing.confidence,
        "reason": routing.reason,
        "candidates": list(routing.candidates),
    }


# --- What the source decided ------------------------------------------------------------------------------------------


def _follow(source: Source, changes: Sequence[_Change], clocks: timers.ManyClocks, *, at: datetime) -> None:
    ours = _what_we_did([change.ref for change in changes]) if any(map(_says_something, changes)) else None
    for change in changes:
        ref, record, ticket = change.ref, change.record, change.ticket
        if ticket.status == Status.WAITING_CITIZEN and (change.is_visible or _stopped_waiting(ref, record)):
            # What the ticket waited for has come: work goes on and so does the clock.
            ticket.set_status(Status.IN_PROGRESS)
            clocks.resume(ticket, at=at)
            change.tell(EventKind.CITIZEN_ANSWERED, source, {}, at=at)
        if ours is None:
            continue
        new_answer = bool(record.answer) and ref.seen_answer_hash != said.text_hash(record.answer)
        foreign = new_answer and (ref.pk, said.text_hash(record.answer.strip())) not in ours.texts
        if foreign and ref.pk in ours.unheard:
            change.disagrees = True
        elif ref.pk not in ours.refused:
            change.settles = _says_something(change)
        if ref.seen_status != record.status and not _is_echo(ref, record, ours):
            _apply_status(source, change, ours, clocks, foreign_answer=foreign, at=at)
        elif foreign:
            change.tell(EventKind.SOURCE_STATUS_CHANGED, source, answered(record), at=at, answer=record.answer)
    # What has moved settles older differences; where the sides differ now, both are kept as they stand.
    close_many([change.ref for change in changes if change.settles], at=at, but=_OTHER_MATTERS)
    differing = [change for change in changes if change.disagrees]
    open_many(
        [Found(change.ref, kind_of(change.record.status), their_side(change.record)) for change in differing],
        found_by=FoundBy.READING,
        at=at,
    )


def _says_something(change: _Change) -> bool:
    """Whether the source's status or answer moved: only then it matters what we did."""
    ref, record = change.ref, change.record
    return ref.seen_status != record.status or (
        bool(record.answer) and ref.seen_answer_hash != said.text_hash(record.answer)
    )


def answered(record: InboundRecord) -> dict[str, Any]:
    """For history: that the source shows an answer of somebody else."""
    return {"status": record.status, "answered": True}


def _what_we_did(refs: Sequence[ExternalRef]) -> _Ours:
    tickets = [ref.ticket_id for ref in refs]
    messages = list(OutboxMessage.objects.filter(ref__in=[ref.pk for ref in refs]).order_by("pk"))
    last_text = {m.ref_id: m for m in messages if m.text}
    sent = [m for m in messages if m.attempts_made or m.state in _MAY_BE_THERE]
    return _Ours(
        touched=frozenset(
            TicketEvent.objects.filter(ticket__in=tickets, actor__isnull=False)
            .exclude(kind__in=_NOT_WORK)
            .values_list("ticket_id", flat=True)
        ),
        last_action={m.ref_id: OutboundAction(m.action) for m in sent},
        keys=frozenset(m.key for m in sent),
        stamps={(m.ref_id, m.receipt): OutboundAction(m.action) for m in sent if m.receipt},
        texts=frozenset((m.ref_id, said.text_hash(m.text.strip())) for m in messages if m.text),
        unheard=frozenset(pk for pk, m in last_text.items() if m.state in _UNHEARD),
        refused=frozenset(pk for pk, m in last_text.items() if m.state == DeliveryState.DEAD),
    )


def _stopped_waiting(ref: ExternalRef, record: InboundRecord) -> bool:
    return ref.seen_status == SourceStatus.WAITING_CITIZEN and record.status in _NO_LONGER_WAITING


def _is_echo(ref: ExternalRef, record: InboundRecord, ours: _Ours) -> bool:
    """By our key, by the stamp that the source gave our write, or by what the source says after our last message."""
    if record.last_write_key and record.last_write_key in ours.keys:
        return True
    stamped = ours.stamps.get((ref.pk, record.revision)) or ours.stamps.get((ref.pk, record.revision.partition("#")[0]))
    actions = {action for action in (stamped, ours.last_action.get(ref.pk)) if action is not None}
    return any(record.status in ECHO[action] for action in actions)


def _apply_status(
    source: Source,
    change: _Change,
    ours: _Ours,
    clocks: timers.ManyClocks,
    *,
    foreign_answer: bool,
    at: datetime,
) -> None:
    """The source moved on by itself: follow where that is safe, otherwise show both sides and let a person decide."""
    ref, record, ticket = change.ref, change.record, change.ticket
    theirs = said.STATUS[record.status]
    data = {"status": record.status, "raw": record.status_raw, "before": ref.seen_status, "ours": ticket.status}
    follow = record.status is not SourceStatus.UNMAPPED and workflow.follows_source(
        Status(ticket.status), theirs, touched_here=ticket.pk in ours.touched
    )
    disagrees = record.status is SourceStatus.UNMAPPED or (
        not follow and theirs in workflow.ENDED and theirs != ticket.status
    )
    if not follow and not disagrees and not foreign_answer:
        return
    kind = EventKind.SOURCE_STATUS_CHANGED
    if follow:
        enter_status(ticket, theirs, record, at=at)
        clocks.follow_status(ticket, at=min(record.answered_at or record.updated_at or at, at))
        kind = EventKind.WITHDRAWN if theirs is Status.WITHDRAWN else kind
    elif disagrees:
        kind = EventKind.SOURCE_DISAGREES
        change.disagrees |= record.status is not SourceStatus.UNMAPPED
    change.tell(kind, source, data, at=at, answer=record.answer if foreign_answer else None)


def enter_status(ticket: Ticket, status: Status, record: InboundRecord, *, at: datetime) -> None:
    """Put a ticket into a status that the source decided, with the instants that go with it."""
    ticket.set_status(status)
    happened = min(record.answered_at or record.updated_at or at, at)
    if status is not Status.NEW and ticket.accepted_at is None:
        ticket.accepted_at = happened
    if status is Status.RESOLVED:
        ticket.resolved_at = happened


# --- Storing ----------------------------------------------------------------------------------------------------------


def _store(
    changes: Sequence[_Change], clocks: timers.ManyClocks, with_reporter: Sequence[_Change], *, at: datetime
) -> None:
    tickets: dict[int, Ticket] = {}
    for change in changes:
        if change.is_visible:
            tickets[change.ref.ticket_id] = change.ticket
            if change.moves_clocks:
                clocks.set_next_due(change.ticket)
        said.see(change.ref, change.record, at=at)
    for ticket in tickets.values():
        ticket.version += 1
        ticket.updated_at = at
    update_rows(list({c.ticket.reporter_id: c.ticket.reporter for c in with_reporter}.values()), _REPORTER)
    update_rows(list(tickets.values()), _TICKET)
    clocks.save()
    add_files([row for change in changes for row in change.files])
    record_mixed([entry for change in changes for entry in change.history])
    update_rows([change.ref for change in changes], said.SEEN)


def _put_late_on_record(
    source: Source, refs: Sequence[ExternalRef], by_id: dict[str, InboundRecord], *, at: datetime
) -> set[str]:
    """An older state that arrived late changes nothing; history says so once for each such state."""
    if not refs:
        return set()
    known = {
        (ticket_id, data.get("revision"))
        for ticket_id, data in TicketEvent.objects.filter(
            ticket__in=[ref.ticket_id for ref in refs], kind=EventKind.SOURCE_CAME_LATE, source=source
        ).values_list("ticket_id", "data")
    }
    fresh = [ref for ref in refs if (ref.ticket_id, by_id[ref.external_id].revision) not in known]
    record_mixed([(_late(source, ref, by_id[ref.external_id], at=at), None) for ref in fresh])
    return {ref.external_id for ref in fresh}


def _late(source: Source, ref: ExternalRef, record: InboundRecord, *, at: datetime) -> NewEvent:
    data = {
        "status": record.status,
        "revision": record.revision,
        "stamp": record.updated_at.isoformat() if record.updated_at else "",
        "known": ref.source_updated_at.isoformat() if ref.source_updated_at else "",
    }
    return NewEvent(ref.ticket_id, EventKind.SOURCE_CAME_LATE, at, data, source_id=source.pk)
