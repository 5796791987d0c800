"""Write an internal note: for colleagues only, it never leaves the house."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def add_note(
    ticket_id: int, *, actor: Official, text: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Possible in every status, also after the end."""
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id, verb=Verb.ADD_NOTE, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        act.record_text(EventKind.NOTE_ADDED, message=MessageKind.NOTE, body=body)
    return act.ticket
