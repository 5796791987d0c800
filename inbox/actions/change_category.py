"""Put a ticket into the field it belongs to, where its source named another one or none."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.core.errors import Invalid
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Category, EventKind, MessageKind, Verb


def change_category(
    ticket_id: int,
    *,
    actor: Official,
    category: Category,
    reason: str | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """The ticket counts by the policy of its new field from the same start, as `timers.for_category` says.

    What the source names later does not take the choice back: see docs/intake.md. Raises Invalid for the field that
    the ticket has already.
    """
    body = clean_text(reason, field="reason") if reason else ""
    with acting_on(
        ticket_id,
        verb=Verb.CHANGE_CATEGORY,
        actor=actor,
        permission=Permission.WORK_TICKET,
        version=version,
        at=at,
    ) as act:
        before, act.ticket.category = act.ticket.category, category.value
        if before == category:
            raise Invalid("The ticket has this field already", field="category")
        timers.for_category(act.ticket, at=act.at)
        data = {"category": category.value, "before": before}
        if body:
            act.record_text(EventKind.CATEGORY_CHANGED, message=MessageKind.NOTE, body=body, **data)
        else:
            act.record(EventKind.CATEGORY_CHANGED, **data)
    return act.ticket
