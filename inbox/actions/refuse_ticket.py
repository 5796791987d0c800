"""Refuse a complaint, with guidance: khiếu nại and tố cáo are outside this procedure (decree 20/2008)."""

from __future__ import annotations

from datetime import datetime

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import end_with_reason
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def refuse_ticket(
    ticket_id: int, *, actor: Official, reason: str, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The reason is required and the citizen reads it: it says where to turn instead."""
    return end_with_reason(
        ticket_id,
        verb=Verb.REFUSE,
        kind=EventKind.REFUSED,
        outbound=OutboundAction.REFUSE,
        permission=Permission.WORK_TICKET,
        actor=actor,
        reason=reason,
        version=version,
        at=at,
    )
