"""Give a ticket back to its source: it is not ours to decide."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import end_with_reason
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def return_ticket(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The reason is required, and the source and the citizen read it."""
    return end_with_reason(
        ticket_id,
        verb=Verb.RETURN,
        kind=EventKind.RETURNED,
        outbound=OutboundAction.RETURN,
        permission=Permission.WORK_TICKET,
        actor=actor,
        reason=reason,
        version=version,
        at=at,
    )
