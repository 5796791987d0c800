"""Ask for more time. A leader of the unit decides; when a leader asks, that is the decision."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.approve_extension import grant
from inbox.actions.base import acting_on, clean_text
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def extend_ticket(
    ticket_id: int,
    *,
    actor: Official,
    until: datetime,
    reason: str,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Keeps the request with its reason; the deadline moves when it is approved.

    Raises Invalid when more time was asked for already, no deadline runs or `until` gives no working time.
    """
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id, verb=Verb.EXTEND, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        timers.ask_extension(act.ticket, until=until, reason=body, official_id=actor.pk, at=act.at)
        act.record_text(EventKind.EXTENSION_ASKED, message=MessageKind.NOTE, body=body, until=until.isoformat())
        if may(actor, Permission.APPROVE_EXTENSION, unit_id=act.ticket.unit_id):
            grant(act)
    return act.ticket
