"""Accept a ticket: the ward says that it is theirs and has been seen."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on
from inbox.actions.change_tasks import start_tasks
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def accept_ticket(ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None) -> Ticket:
    """Stops the accept clock. Whoever accepts an unassigned ticket becomes its assignee.

    The tasks that its field has are put on its list.
    """
    with acting_on(
        ticket_id, verb=Verb.ACCEPT, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        act.move()
        act.ticket.accepted_at = act.at
        took = act.ticket.assignee_id is None
        if took:
            act.ticket.assignee = actor
        timers.meet(act.ticket, "accept", at=act.at)
        start_tasks(act.ticket, at=act.at)
        event = act.record(EventKind.ACCEPTED, took=took)
        act.tell_sources(event, action=OutboundAction.ACCEPT)
    return act.ticket
