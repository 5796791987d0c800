"""Take a ticket that nobody has (nhận việc)."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.accounts.queries import works_in
from inbox.actions.base import acting_on
from inbox.core.errors import IllegalMove, Invalid
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def claim_ticket(ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None) -> Ticket:
    """Of many who claim one ticket at the same time, one gets it: the others are refused and change nothing.

    Raises IllegalMove when somebody has it already, Invalid for people who do not work in its unit.
    """
    with acting_on(
        ticket_id, verb=Verb.CLAIM, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        if act.ticket.assignee_id is not None:
            raise IllegalMove(f"{act.ticket.code} is assigned already")
        if not works_in(act.ticket.unit_id, actor):
            raise Invalid("This person does not work in the ticket's unit")
        act.ticket.assignee = actor
        act.record(EventKind.ASSIGNED, assignee=actor.pk, before=None)
    return act.ticket
