"""Give a ticket to somebody, or take it oneself."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.accounts.queries import workers_of_unit
from inbox.actions.base import acting_on, require
from inbox.core.errors import Invalid
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def assign_ticket(
    ticket_id: int, *, actor: Official, assignee: Official, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Taking a ticket oneself needs the right to work it; giving it to another, the right to assign.

    Raises Invalid when `assignee` does not work in the ticket's unit.
    """
    permission = Permission.WORK_TICKET if assignee == actor else Permission.ASSIGN_TICKET
    with acting_on(
        ticket_id, verb=Verb.ASSIGN, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        require(actor, permission, ticket=act.ticket)
        if not workers_of_unit(act.ticket.unit_id).filter(pk=assignee.pk).exists():
            raise Invalid("This person does not work in the ticket's unit", field="assignee")
        before, act.ticket.assignee = act.ticket.assignee_id, assignee
        act.record(EventKind.ASSIGNED, assignee=assignee.pk, before=before)
    return act.ticket
