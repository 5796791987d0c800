"""Write to the citizen without finishing the complaint."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def reply_to_citizen(
    ticket_id: int, *, actor: Official, text: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The text goes to every linked source."""
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id, verb=Verb.REPLY, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        event = act.record_text(EventKind.REPLIED, message=MessageKind.REPLY, body=body)
        act.tell_sources(event, action=OutboundAction.REPLY, text=body)
    return act.ticket
