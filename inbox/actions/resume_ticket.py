"""Go on after waiting."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def resume_ticket(ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None) -> Ticket:
    """The resolve clock runs on from where it stood."""
    with acting_on(
        ticket_id, verb=Verb.RESUME, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        act.move()
        timers.resume(act.ticket, at=act.at)
        event = act.record(EventKind.RESUMED)
        act.tell_sources(event, action=OutboundAction.START)
    return act.ticket
