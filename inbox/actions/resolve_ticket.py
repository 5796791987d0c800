"""Answer the citizen and finish the complaint."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def resolve_ticket(
    ticket_id: int, *, actor: Official, text: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Stops the resolve clock at this instant: on time or late is decided here, not when the source hears of it."""
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id, verb=Verb.RESOLVE, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        act.move()
        act.ticket.resolved_at = act.at
        timers.meet(act.ticket, "resolve", at=act.at)
        event = act.record_text(EventKind.RESOLVED, message=MessageKind.REPLY, body=body)
        act.tell_sources(event, action=OutboundAction.RESOLVE, text=body)
    return act.ticket
