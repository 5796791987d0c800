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
    """Beside the ticket. `key` and `version` are text, because templates write numbers more slowly."""

    code: str
    key: str
    version: str
    href: str
    deadline: Deadline
    verbs: Sequence[Verb]  # what may be done to it together with others
    is_unread: bool

    @property
    def verb_names(self) -> str:
        """As the page's script reads them."""
        return " ".join(self.verbs)

    @property
    def may_be_claimed(self) -> bool:
        return Verb.CLAIM in self.verbs


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
            verbs=verbs[ticket.pk],
            is_unread=is_unread(ticket),
        )
    return list(tickets)
