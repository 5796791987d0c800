"""What every action does first: open the transaction, lock the ticket, check who, what and which version.

An action is one verb in one file. Inside `acting_on` it changes the row, records the event, moves the clocks and
fills the outbox; either all of it is stored or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from inbox.outbox.enqueue import enqueue
from inbox.outbox.models import OutboxMessage
from inbox.sla import timers
from inbox.tickets import workflow
from inbox.tickets.events import NewEvent, record, record_message
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Status, Verb

LONGEST_TEXT = 10_000


@dataclass(slots=True)
class Act:
    """One action under way on a locked ticket."""

    ticket: Ticket
    actor: Official
    verb: Verb
    at: datetime

    def move(self) -> None:
        """Change the status as the workflow says for this verb."""
        target = workflow.MOVES[self.verb].to
        if target is not None:
            self.ticket.set_status(target)

    def record(self, kind: EventKind, **data: Any) -> TicketEvent:
        """Append to the history, with `data` as it is."""
        return record(self._new(kind, data))

    def record_text(self, kind: EventKind, *, message: MessageKind, body: str, **data: Any) -> TicketEvent:
        """Append to the history an event that brings a text."""
        return record_message(self._new(kind, data), kind=message, body=body)

    def tell_sources(self, event: TicketEvent, *, action: OutboundAction, text: str = "") -> None:
        """One message per linked source; sent after commit, by somebody else."""
        enqueue(event, action=action, text=text, author=self.actor, at=self.at)

    def _new(self, kind: EventKind, data: dict[str, Any]) -> NewEvent:
        return NewEvent(ticket_id=self.ticket.pk, kind=kind, at=self.at, data=data, actor_id=self.actor.pk)


@contextmanager
def acting_on(
    ticket_id: int, *, verb: Verb, actor: Official, permission: Permission, version: int | None, at: datetime | None
) -> Iterator[Act]:
    """Lock the ticket and check, in this order: visible, allowed, unchanged since the person looked, possible.

    Raises NotFound, NotAllowed, StaleVersion, IllegalMove. On a clean exit the ticket is saved with a new version
    and its next deadline; on any error nothing is written.
    """
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, permission, ticket=ticket)
        if version is not None and version != ticket.version:
            raise StaleVersion(f"{ticket.code} is at version {ticket.version}", current=ticket.version)
        if not workflow.can(verb, Status(ticket.status)):
            raise IllegalMove(f"{verb} is not possible while the ticket is {ticket.status}")
        act = Act(ticket=ticket, actor=actor, verb=verb, at=at or clock.now())
        yield act
        ticket.next_due_at = timers.next_due_at(ticket)
        ticket.version += 1
        ticket.updated_at = act.at
        ticket.save()


def locked_ticket(ticket_id: int, *, actor: Official) -> Ticket:
    """The ticket, locked until the transaction ends. Raises NotFound when it is not for this person."""
    try:
        return Ticket.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=ticket_id)
    except Ticket.DoesNotExist:
        raise NotFound("No such ticket") from None


def locked_message(message_id: int, *, actor: Official, permission: Permission) -> OutboxMessage:
    """The message, locked until the transaction ends. Raises NotFound, NotAllowed."""
    message: OutboxMessage | None = (
        OutboxMessage.objects.visible_to(actor)
        .select_related("ticket")
        .select_for_update(of=("self",))
        .filter(pk=message_id)
        .first()
    )
    if message is None:
        raise NotFound("No such message")
    require(actor, permission, ticket=message.ticket)
    return message


def require(actor: Official, permission: Permission, *, ticket: Ticket) -> None:
    """Raise NotAllowed unless one of the person's roles grants `permission` for the ticket's unit."""
    if not may(actor, permission, unit_id=ticket.unit_id):
        raise NotAllowed(f"{permission} is not granted")


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
