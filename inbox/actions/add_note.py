"""Write an internal note: for colleagues only, it never leaves the house. `@name` tells a colleague of it."""

from __future__ import annotations

import re
from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb

#: Not within an e-mail address.
_MENTION = re.compile(r"(?<![\w@.+-])@([\w.+-]{2,150})")
MOST_MENTIONS = 20


def add_note(
    ticket_id: int, *, actor: Official, text: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Possible in every status, also after the end. Who is named and may see the ticket is told."""
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id, verb=Verb.ADD_NOTE, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
    ) as act:
        mentions = mentioned(body, act.ticket)
        data = {"mentions": [person.pk for person in mentions]} if mentions else {}
        act.record_text(EventKind.NOTE_ADDED, message=MessageKind.NOTE, body=body, **data)
    return act.ticket


def mentioned(text: str, ticket: Ticket) -> list[Official]:
    """The people named in a text, of those who may see the ticket. Anybody else stays a word in the text."""
    names = {name.rstrip(".").casefold() for name in _MENTION.findall(text)}
    if not names:
        return []
    people = Official.objects.filter(is_active=True, username__in=sorted(names)).order_by("pk")[:MOST_MENTIONS]
    return [person for person in people if Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists()]
