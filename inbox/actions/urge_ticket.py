"""Remind whoever works on a ticket that it is waited for (đôn đốc)."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def urge_ticket(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Tells the assignee and the leaders of the unit; changes nothing else."""
    body = clean_text(reason, field="reason")
    with acting_on(ticket_id, verb=Verb.URGE, actor=actor, permission=Permission.URGE, version=version, at=at) as act:
        act.record_text(EventKind.URGED, message=MessageKind.NOTE, body=body)
    return act.ticket
