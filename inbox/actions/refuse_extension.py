"""Do not give the time that was asked for; the deadline stays."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.sla import timers
from inbox.sla.models import ExtensionState
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def refuse_extension(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Raises Invalid when nobody asks."""
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id,
        verb=Verb.REFUSE_EXTENSION,
        actor=actor,
        permission=Permission.APPROVE_EXTENSION,
        version=version,
        at=at,
    ) as act:
        request = timers.decide_extension(act.ticket, ExtensionState.REFUSED, official_id=actor.pk, at=act.at)
        act.record_text(EventKind.EXTENSION_REFUSED, message=MessageKind.NOTE, body=body, asked_by=request.asked_by_id)
    return act.ticket
