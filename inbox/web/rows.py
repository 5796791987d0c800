"""Rows of the list: what stands in each beside the ticket's own columns, worked out once and not at every use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse

from inbox.tickets.queries import is_unread
from inbox.tickets.vocabulary import Verb
from inbox.web import bulk
from inbox.web.deadlines import Deadline, deadline_of

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Row:
    """Beside the ticket. `key` and `version` are text, because templates write numbers more slowly.

    `verbs`: what may be done to it together with others, as the page's script reads it.
    """

    code: str
    key: str
    version: str
    href: str
    deadline: Deadline
    verbs: str
    is_unread: bool
    may_be_claimed: bool


def with_rows(tickets: Sequence[Ticket], official: Official, *, now: datetime) -> list[Ticket]:
    """Tickets as `inbox_page` reads them, their clocks loaded, each with its `.row`. No query."""
    verbs = bulk.verbs_of(tickets, official)
    for ticket in tickets:
        ticket.row = Row(  # type: ignore[attr-defined]
            code=ticket.code,
            key=str(ticket.pk),
            version=str(ticket.version),
            href=reverse("ticket", args=[ticket.code]),
            deadline=deadline_of(ticket, now=now),
            verbs=" ".join(verbs[ticket.pk]),
            is_unread=is_unread(ticket),
            may_be_claimed=Verb.CLAIM in verbs[ticket.pk],
        )
    return list(tickets)
