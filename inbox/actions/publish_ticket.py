"""Make a ticket public, in words that an official writes for it: what the citizen wrote never leaves the house."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.core.errors import Invalid
from inbox.core.masking import has_contact
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb


def publish_ticket(
    ticket_id: int, *, actor: Official, text: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """`text`: what everybody may read. Publishing again replaces it. Raises Invalid for a phone number or e-mail."""
    body = clean_text(text, field="text")
    if has_contact(body):
        raise Invalid("Everybody will read this: leave out phone numbers and e-mail addresses", field="text")
    with acting_on(
        ticket_id, verb=Verb.PUBLISH, actor=actor, permission=Permission.PUBLISH_TICKET, version=version, at=at
    ) as act:
        act.ticket.public_text, act.ticket.published_at = body, act.at
        act.record_text(EventKind.PUBLISHED, message=MessageKind.NOTE, body=body)
    return act.ticket
