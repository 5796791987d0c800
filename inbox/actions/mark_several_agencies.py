"""Several agencies have to act: the policy gives more time for that."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def mark_several_agencies(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The resolve clock counts to the policy's limit for several agencies, since the same start.

    Raises Invalid when the policy has no such limit or the ticket has it already.
    """
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id,
        verb=Verb.MARK_SEVERAL_AGENCIES,
        actor=actor,
        permission=Permission.WORK_TICKET,
        version=version,
        at=at,
    ) as act:
        due_at = timers.for_several_agencies(act.ticket)
        act.record_text(
            EventKind.SEVERAL_AGENCIES_MARKED, message=MessageKind.NOTE, body=body, due_at=due_at.isoformat()
        )
    return act.ticket
