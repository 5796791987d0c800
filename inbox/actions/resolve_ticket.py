"""Answer the citizen and finish the complaint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.base import Act, acting_on, clean_text, files_going_out, linked_acts, mark_sent, stored
from inbox.desk.queries import needs_approval
from inbox.sla import timers
from inbox.tickets.models import Attachment, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Status, Verb


def resolve_ticket(
    ticket_id: int,
    *,
    actor: Official,
    text: str,
    files: Sequence[int] | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Stops the resolve clock at this instant: on time or late is decided here, not when the source hears of it.

    Where the unit wants a leader's approval, an officer's answer waits for it instead and the clock goes on.
    """
    body = clean_text(text, field="text")
    with acting_on(
        ticket_id,
        verb=Verb.RESOLVE,
        actor=actor,
        permission=Permission.WORK_TICKET,
        version=version,
        at=at,
        with_linked=True,
    ) as act:
        unit_id = act.ticket.unit_id
        if needs_approval(unit_id) and not may(actor, Permission.APPROVE_ANSWER, unit_id=unit_id):
            _propose(act, body, files)
        else:
            finish(act, body, files)
    return act.ticket


def finish(act: Act, body: str, files: Sequence[int] | None = None, **data: object) -> None:
    """Let an answer out: to this ticket's sources and to those of every ticket linked to it."""
    along = files_going_out(act.ticket, files)
    mark_sent(along, _resolve(act, body, along, **data))
    for twin in linked_acts(act):
        _resolve(twin, body, along, main=act.ticket.pk, **data)


def _resolve(act: Act, body: str, files: Sequence[Attachment], **data: object) -> TicketEvent:
    act.ticket.set_status(Status.RESOLVED)
    act.ticket.resolved_at = act.at
    if act.ticket.accepted_at is None:  # linked and never opened: the answer accepts it too
        act.ticket.accepted_at = act.at
        timers.meet(act.ticket, "accept", at=act.at)
    timers.meet(act.ticket, "resolve", at=act.at)
    event = act.record_text(EventKind.RESOLVED, message=MessageKind.REPLY, body=body, **data)
    act.tell_sources(event, action=OutboundAction.RESOLVE, text=body, files=stored(files))
    return event


def _propose(act: Act, body: str, files: Sequence[int] | None) -> None:
    along = [file.pk for file in files_going_out(act.ticket, files)]
    act.ticket.set_status(Status.AWAITING_APPROVAL)
    act.record_text(EventKind.ANSWER_PROPOSED, message=MessageKind.PROPOSAL, body=body, files=along)
