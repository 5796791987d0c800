"""Write to the citizen without finishing the complaint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import Act, acting_on, clean_text, files_going_out, linked_acts, mark_sent, stored
from inbox.tickets import workflow
from inbox.tickets.models import Attachment, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Status, Verb


def reply_to_citizen(
    ticket_id: int,
    *,
    actor: Official,
    text: str,
    files: Sequence[int] | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """The text goes to every linked source, and to those of tickets that are linked to this one."""
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id,
        verb=Verb.REPLY,
        actor=actor,
        permission=Permission.WORK_TICKET,
        version=version,
        at=at,
        with_linked=True,
    ) as act:
        along = files_going_out(act.ticket, files)
        mark_sent(along, _reply(act, body, along))
        for twin in linked_acts(act):
            if workflow.can(Verb.REPLY, Status(twin.ticket.status)):
                _reply(twin, body, along, main=act.ticket.pk)
    return act.ticket


def _reply(act: Act, body: str, files: Sequence[Attachment], **data: object) -> TicketEvent:
    event = act.record_text(EventKind.REPLIED, message=MessageKind.REPLY, body=body, **data)
    act.tell_sources(event, action=OutboundAction.REPLY, text=body, files=stored(files))
    return event
