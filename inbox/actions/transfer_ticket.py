"""Hand a ticket to another unit; also how triage gives a ticket its first unit."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.actions.unlink_ticket import leave_links
from inbox.core.errors import Invalid
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb
from inbox.units.models import Unit


def transfer_ticket(
    ticket_id: int,
    *,
    actor: Official,
    unit: Unit,
    reason: str,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """The new unit gets the ticket as new, with an accept clock of its own; the resolve clock goes on.

    Tickets linked to it stay, on their own: a link holds within one unit. Sources hear of a transfer between units, not
    of the first routing: for them nothing has changed then.
    """
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id,
        verb=Verb.TRANSFER,
        actor=actor,
        permission=Permission.TRANSFER_TICKET,
        version=version,
        at=at,
        with_linked=True,
    ) as act:
        ticket, before = act.ticket, act.ticket.unit_id
        if unit.pk == before:
            raise Invalid("The ticket is already with this unit", field="unit")
        act.move()
        leave_links(act)
        ticket.unit, ticket.assignee, ticket.accepted_at = unit, None, None
        ticket.routing_method, ticket.routing_confidence, ticket.routing_reason = "by_person", 1.0, ""
        timers.restart_for_unit(ticket, at=act.at)
        event = act.record_text(EventKind.TRANSFERRED, message=MessageKind.NOTE, body=body, unit=unit.pk, before=before)
        if before is not None:
            act.tell_sources(event, action=OutboundAction.TRANSFER, text=body)
    return ticket
