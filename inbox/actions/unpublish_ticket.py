"""Take a ticket out of the public again."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on
from inbox.core.errors import Invalid
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def unpublish_ticket(
    ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Possible in every status. Raises Invalid when the ticket is not public."""
    with acting_on(
        ticket_id, verb=Verb.UNPUBLISH, actor=actor, permission=Permission.PUBLISH_TICKET, version=version, at=at
    ) as act:
        if act.ticket.published_at is None:
            raise Invalid("This ticket is not public")
        act.ticket.public_text, act.ticket.published_at = "", None
        act.record(EventKind.UNPUBLISHED)
    return act.ticket
