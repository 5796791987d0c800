"""Give the time that was asked for: the deadline moves, and sources that can take it hear of it."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import Act, acting_on
from inbox.sla import timers
from inbox.sla.models import ExtensionState
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def approve_extension(
    ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Raises Invalid when nobody asks, or when the time asked for has gone by meanwhile."""
    with acting_on(
        ticket_id,
        verb=Verb.APPROVE_EXTENSION,
        actor=actor,
        permission=Permission.APPROVE_EXTENSION,
        version=version,
        at=at,
    ) as act:
        grant(act)
    return act.ticket


def grant(act: Act) -> None:
    """Approve the open request within an act."""
    request = timers.decide_extension(act.ticket, ExtensionState.APPROVED, official_id=act.actor.pk, at=act.at)
    due_at = timers.extend(act.ticket, until=request.until)
    event = act.record(EventKind.EXTENSION_APPROVED, until=due_at.isoformat(), asked_by=request.asked_by_id)
    act.tell_sources(event, action=OutboundAction.EXTEND, text=request.reason, due_at=due_at)
