"""Show who the citizen is. Every look is written into the ticket's history."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import clean_text, locked_ticket, require
from inbox.core import clock
from inbox.core.errors import NotAllowed
from inbox.tickets.events import NewEvent, record
from inbox.tickets.vocabulary import EventKind


def reveal_reporter(ticket_id: int, *, actor: Official, reason: str) -> dict[str, str]:
    """Name, phone, e-mail and address in the clear. Raises NotFound, NotAllowed (also for anonymous), Invalid."""
    why = clean_text(reason, field="reason")
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, Permission.REVEAL_REPORTER, ticket=ticket)
        reporter = ticket.reporter
        if reporter.is_anonymous:
            raise NotAllowed("The citizen asked to stay anonymous")
        record(NewEvent(ticket.pk, EventKind.REPORTER_REVEALED, clock.now(), {"reason": why[:300]}, actor_id=actor.pk))
    return {"name": reporter.name, "phone": reporter.phone, "email": reporter.email, "address": reporter.address}
