"""Say that work on a ticket has begun."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def start_ticket(ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None) -> Ticket:
    """Moves an accepted ticket to in progress."""
    with acting_on(
        ticket_id, verb=Verb.START, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        act.move()
        event = act.record(EventKind.STARTED)
        act.tell_sources(event, action=OutboundAction.START)
    return act.ticket
