"""Wait for the citizen: the resolve clock stands still, with a reason."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.core.errors import Invalid
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def pause_ticket(
    ticket_id: int,
    *,
    actor: Official,
    reason: str,
    until: datetime | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Asks the citizen through the sources. `until` is when the officer means to look again."""
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id, verb=Verb.PAUSE, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        if until is not None and until <= act.at:
            raise Invalid("This must be in the future", field="until")
        act.move()
        timers.pause(act.ticket, at=act.at, reason=body)
        event = act.record_text(
            EventKind.PAUSED, message=MessageKind.REPLY, body=body, until=until.isoformat() if until else None
        )
        act.tell_sources(event, action=OutboundAction.ASK_CITIZEN, text=body)
    return act.ticket
