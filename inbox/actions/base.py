"""What every action does first: open the transaction, lock the ticket, check who, what and which version.

An action is one verb in one file. Inside `acting_on` it changes the row, records the event, moves the clocks and
fills the outbox; either all of it is stored or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import IllegalMove, Invalid, NotAllowed, NotFound, StaleVersion
from inbox.core.text import search_key
from inbox.outbox.enqueue import StoredFile, enqueue
from inbox.outbox.models import Difference, OutboxMessage
from inbox.outbox.vocabulary import Decision
from inbox.sla import timers
from inbox.sla.models import ClockKind, WorkCalendar
from inbox.sla.queries import deadline_facts
from inbox.tickets import workflow
from inbox.tickets.events import NewEvent, lock_histories, record, record_message
from inbox.tickets.models import Attachment, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, FileOrigin, MessageKind, Status, Verb

LONGEST_TEXT = 10_000
#: As much as is searched in, of all answers of one ticket.
LONGEST_ANSWERS = 20_000
#: What has to be done in time, and by which clock: the history keeps the deadline that counted then.
_COUNTED = {
    EventKind.ACCEPTED: ClockKind.ACCEPT,
    EventKind.REPLIED: ClockKind.RESOLVE,
    EventKind.RESOLVED: ClockKind.RESOLVE,
    EventKind.RETURNED: ClockKind.RESOLVE,
    EventKind.REFUSED: ClockKind.RESOLVE,
    EventKind.TRANSFERRED: ClockKind.RESOLVE,
    EventKind.PAUSED: ClockKind.RESOLVE,
}


@dataclass(slots=True)
class Act:
    """One action under way on a locked ticket."""

    ticket: Ticket
    actor: Official
    verb: Verb
    at: datetime

    def __post_init__(self) -> None:
        ticket = self.ticket
        ticket.as_locked = {field.attname: getattr(ticket, field.attname) for field in ticket._meta.concrete_fields}

    def move(self) -> None:
        """Change the status as the workflow says for this verb."""
        target = workflow.MOVES[self.verb].to
        if target is not None:
            self.ticket.set_status(target)

    def record(self, kind: EventKind, **data: Any) -> TicketEvent:
        """Append to the history, with `data` as it is."""
        return record(self._new(kind, data), is_locked=True)

    def record_text(self, kind: EventKind, *, message: MessageKind, body: str, **data: Any) -> TicketEvent:
        """Append to the history an event that brings a text. What the citizen is answered can be searched for."""
        if message is MessageKind.REPLY:
            answers = f"{self.ticket.answer_key} {search_key(body)}".strip()
            self.ticket.answer_key = answers[-LONGEST_ANSWERS:]
        return record_message(self._new(kind, data), kind=message, body=body, is_locked=True)

    def tell_sources(
        self,
        event: TicketEvent,
        *,
        action: OutboundAction,
        text: str = "",
        due_at: datetime | None = None,
        files: Sequence[StoredFile] = (),
    ) -> None:
        """One message per linked source; sent after commit, by somebody else. `due_at` goes with an extension."""
        deadline = event.data.get("deadline")
        enqueue(
            event,
            action=action,
            text=text,
            author=self.actor,
            at=self.at,
            due_at=due_at,
            deadline_at=datetime.fromisoformat(deadline["due_at"]) if deadline else None,
            files=files,
        )

    def _new(self, kind: EventKind, data: dict[str, Any]) -> NewEvent:
        deadline = deadline_facts(self.ticket, _COUNTED[kind]) if kind in _COUNTED else None
        if deadline is not None:
            data = data | {"deadline": deadline}
        return NewEvent(ticket_id=self.ticket.pk, kind=kind, at=self.at, data=data, actor_id=self.actor.pk)


@contextmanager
def acting_on(
    ticket_id: int,
    *,
    verb: Verb,
    actor: Official,
    permission: Permission,
    version: int | None,
    at: datetime | None,
    with_linked: bool = False,
) -> Iterator[Act]:
    """Lock the ticket and check, in this order: visible, allowed, unchanged since the person looked, possible.

    Raises NotFound, NotAllowed, StaleVersion, IllegalMove. On a clean exit the ticket is saved with a new version
    and its next deadline; on any error nothing is written. `with_linked`: the act goes on to `linked_acts`.
    """
    with transaction.atomic():
        if with_linked:
            lock_with_linked(ticket_id)
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, permission, ticket=ticket)
        if version is not None and version != ticket.version:
            raise StaleVersion(f"{ticket.code} is at version {ticket.version}", current=ticket.version)
        if not workflow.can(verb, Status(ticket.status)):
            raise IllegalMove(f"{verb} is not possible while the ticket is {ticket.status}")
        act = Act(ticket=ticket, actor=actor, verb=verb, at=at or clock.now())
        yield act
        _save(act)


def lock_with_linked(ticket_id: int) -> bool:
    """Lock a ticket and those that are linked to it, in the order of their keys, as whoever links tickets does.

    Says whether there are linked ones. Without any it locks nothing: the caller goes on to lock the ticket anyway.
    """
    linked = list(Ticket.objects.filter(main=ticket_id).values_list("pk", flat=True))
    if linked:
        lock_histories({ticket_id, *linked})
    return bool(linked)


def _save(act: Act) -> None:
    timers.set_next_due(act.ticket)
    act.ticket.version += 1
    act.ticket.updated_at = act.at
    act.ticket.save(update_fields=changed_by_act(act.ticket))


def changed_by_act(ticket: Ticket) -> dict[str, Any]:
    """The columns that an act has changed so far, as they were before it."""
    return {name: before for name, before in ticket.as_locked.items() if getattr(ticket, name) != before}


def linked_acts(act: Act) -> Iterator[Act]:
    """The same act on each open ticket that is linked to this one; each is saved when the next one is asked for.

    They belong to the same unit (`link_ticket`), so what the person may do here they may do there.
    """
    twins = Ticket.objects.filter(main=act.ticket, is_open=True, unit=act.ticket.unit_id)
    for ticket in twins.select_for_update(of=("self",)).order_by("pk"):
        twin = Act(ticket=ticket, actor=act.actor, verb=act.verb, at=act.at)
        yield twin
        _save(twin)


def files_going_out(ticket: Ticket, files: Sequence[int] | None) -> list[Attachment]:
    """The files of officials with these keys. Raises Invalid for one that is not there to go."""
    wanted = set(files or ())
    if not wanted:
        return []
    mine = Attachment.objects.filter(ticket=ticket, origin=FileOrigin.OFFICIAL, event__isnull=True, pk__in=wanted)
    found = list(mine.order_by("pk"))
    if len(found) != len(wanted):
        raise Invalid("One of the files has gone out already or does not belong here", field="files")
    return found


def stored(files: Sequence[Attachment]) -> list[StoredFile]:
    """The same as the outbox wants them."""
    return [StoredFile(f.name, f.content_type, f.content_hash, f.size or 0) for f in files]


def mark_sent(files: Sequence[Attachment], event: TicketEvent) -> None:
    """Say with which event files went out."""
    if files:
        Attachment.objects.filter(pk__in=[file.pk for file in files]).update(event=event)


def locked_ticket(ticket_id: int, *, actor: Official) -> Ticket:
    """The ticket, locked until the transaction ends. Raises NotFound when it is not for this person."""
    try:
        return Ticket.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=ticket_id)
    except Ticket.DoesNotExist:
        raise NotFound("No such ticket") from None


def locked_message(message_id: int, *, actor: Official, permission: Permission) -> OutboxMessage:
    """The message, locked until the transaction ends, after its ticket. Raises NotFound, NotAllowed."""
    ticket_id = OutboxMessage.objects.filter(pk=message_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise NotFound("No such message")
    require(actor, permission, ticket=locked_ticket(ticket_id, actor=actor))
    message: OutboxMessage = OutboxMessage.objects.select_for_update().get(pk=message_id)
    return message


def locked_difference(difference_id: int, *, actor: Official) -> tuple[Difference, Ticket]:
    """An open difference about a ticket, both locked until the transaction ends. Raises NotFound, NotAllowed,
    IllegalMove when it has been decided.
    """
    ticket_id = Difference.objects.filter(pk=difference_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise NotFound("No such difference")
    ticket = locked_ticket(ticket_id, actor=actor)
    require(actor, Permission.WORK_TICKET, ticket=ticket)
    difference: Difference = Difference.objects.select_for_update().get(pk=difference_id)
    if not difference.is_open:
        raise IllegalMove(f"This has been decided: {difference.decision}")
    return difference, ticket


def decide(
    difference: Difference, ticket: Ticket, decision: Decision, *, actor: Official, at: datetime, reason: str = ""
) -> TicketEvent:
    """Write a decision about a difference down, on it and in the history of its ticket."""
    difference.decision, difference.decided_by, difference.decided_at = decision, actor, at
    difference.reason = reason[:1000]
    difference.save(update_fields=["decision", "decided_by", "decided_at", "reason"])
    new = NewEvent(
        ticket_id=ticket.pk,
        kind=EventKind.DIFFERENCE_DECIDED,
        at=at,
        data={"decision": decision, "difference": difference.kind, "theirs": difference.theirs.get("status", "")},
        actor_id=actor.pk,
        source_id=difference.source_id,
    )
    return record_message(new, kind=MessageKind.NOTE, body=reason) if reason else record(new)


def require(actor: Official, permission: Permission, *, ticket: Ticket) -> None:
    """Raise NotAllowed unless one of the person's roles grants `permission` for the ticket's unit."""
    if not may(actor, permission, unit_id=ticket.unit_id):
        raise NotAllowed(f"{permission} is not granted")


def require_deadlines(actor: Official) -> None:
    """Raise NotAllowed unless the person manages calendars and policies."""
    if not may(actor, Permission.MANAGE_DEADLINES):
        raise NotAllowed(f"{Permission.MANAGE_DEADLINES} is not granted")


def locked_calendar(slug: str) -> WorkCalendar:
    """The calendar, locked until the transaction ends. Raises NotFound."""
    calendar = WorkCalendar.objects.select_for_update(of=("self",)).filter(slug=slug).first()
    if calendar is None:
        raise NotFound("No such calendar")
    return calendar


def clean_text(value: object, *, field: str) -> str:
    """A text somebody typed, stripped. Raises Invalid when it is empty or longer than 10,000 characters."""
    if value is not None and not isinstance(value, str):
        raise Invalid("This must be a text", field=field)
    text = (value or "").replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("This text is required", field=field)
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"At most {LONGEST_TEXT} characters", field=field)
    return text


def end_with_reason(
    ticket_id: int,
    *,
    verb: Verb,
    kind: EventKind,
    outbound: OutboundAction,
    permission: Permission,
    actor: Official,
    reason: str,
    version: int | None,
    at: datetime | None,
) -> Ticket:
    """End the work on a ticket without an answer to the matter; what return and refuse have in common."""
    body = clean_text(reason, field="reason")
    with acting_on(ticket_id, verb=verb, actor=actor, permission=permission, version=version, at=at) as act:
        act.move()
        timers.cancel(act.ticket, at=act.at)
        event = act.record_text(kind, message=MessageKind.REPLY, body=body)
        act.tell_sources(event, action=outbound, text=body)
    return act.ticket
