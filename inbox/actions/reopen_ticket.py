"""Open an ended ticket again."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def reopen_ticket(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The time for which it was closed is credited to the resolve clock."""
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id, verb=Verb.REOPEN, actor=actor, permission=Permission.REOPEN_TICKET, version=version, at=at
    ) as act:
        act.move()
        act.ticket.resolved_at = None
        timers.reopen(act.ticket, at=act.at)
        event = act.record_text(EventKind.REOPENED, message=MessageKind.NOTE, body=body)
        act.tell_sources(event, action=OutboundAction.REOPEN, text=body)
    return act.ticket
