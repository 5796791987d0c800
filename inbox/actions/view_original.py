"""Show a complaint exactly as its sources sent it. Every look is written into the ticket's history."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.base import locked_ticket
from inbox.core import clock
from inbox.core.errors import NotAllowed
from inbox.sources.models import InboundPayload
from inbox.sources.queries import originals
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import ExternalRef, Ticket
from inbox.tickets.vocabulary import EventKind


def view_original(ticket_id: int, *, actor: Official) -> list[InboundPayload]:
    """The newest payload of each of the ticket's sources. Raises NotFound, NotAllowed.

    It says who the citizen is, so the rule is that of the citizen's own data: `may_view_original`.
    """
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        if not may_view_original(ticket, actor):
            raise NotAllowed("The original is not for this person")
        pairs = list(ExternalRef.objects.filter(ticket=ticket).values_list("source_id", "external_id"))
        record(NewEvent(ticket.pk, EventKind.ORIGINAL_VIEWED, clock.now(), actor_id=actor.pk))
    return originals(pairs)


def may_view_original(ticket: Ticket, actor: Official) -> bool:
    """Whoever manages sources; else who may see the citizen's details, unless the citizen wants to stay anonymous."""
    if may(actor, Permission.MANAGE_SOURCES):
        return True
    return not ticket.reporter.is_anonymous and may(actor, Permission.REVEAL_REPORTER, unit_id=ticket.unit_id)
