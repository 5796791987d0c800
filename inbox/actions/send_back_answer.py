"""Do not let an officer's answer out yet: it goes back with the reason."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.tickets.models import Ticket
from inbox.tickets.queries import proposed_answer
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def send_back_answer(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The ticket is in progress again; whoever proposed the answer is told."""
    body = clean_text(reason, field="reason")
    with acting_on(
        ticket_id, verb=Verb.SEND_BACK, actor=actor, permission=Permission.APPROVE_ANSWER, version=version, at=at
    ) as act:
        proposal = proposed_answer(act.ticket)
        act.move()
        act.record_text(
            EventKind.ANSWER_SENT_BACK,
            message=MessageKind.NOTE,
            body=body,
            asked_by=proposal.actor_id if proposal else None,
        )
    return act.ticket
