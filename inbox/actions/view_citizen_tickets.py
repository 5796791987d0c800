"""Show what else the same citizen has reported. Every look is written into the ticket's history."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import locked_ticket, require
from inbox.core import clock
from inbox.core.errors import NotAllowed
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import Ticket
from inbox.tickets.queries import same_citizen
from inbox.tickets.vocabulary import EventKind


def view_citizen_tickets(ticket_id: int, *, actor: Official) -> list[Ticket]:
    """Other tickets with this phone or e-mail, of those one may see, newest first. Raises NotFound, NotAllowed."""
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, Permission.REVEAL_REPORTER, ticket=ticket)
        if ticket.reporter.is_anonymous:
            raise NotAllowed("The citizen asked to stay anonymous")
        record(NewEvent(ticket.pk, EventKind.CITIZEN_TICKETS_VIEWED, clock.now(), actor_id=actor.pk))
    return same_citizen(ticket, actor)
