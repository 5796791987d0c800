"""Rows of the list: what stands in each beside the ticket's own columns, worked out once and not at every use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.safestring import SafeString

from inbox.tickets.queries import code_of
from inbox.tickets.vocabulary import Verb
from inbox.web import bulk
from inbox.web.deadlines import Deadline, deadline_of

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.queries import Line
    from inbox.web.deadlines import AnyClock

_ANY = code_of(0)


@dataclass(frozen=True, slots=True)
class Row:
    """What our code makes up and needs no escaping is marked so: a page writes it many times."""

    ticket: Line
    code: SafeString
    key: SafeString
    version: SafeString
    href: SafeString
    deadline: Deadline
    verbs: Sequence[Verb]  # what may be done to it together with others

    @property
    def verb_names(self) -> SafeString:
        """As the page's script reads them."""
        return SafeString(" ".join(self.verbs))

    @property
    def may_be_claimed(self) -> bool:
        return Verb.CLAIM in self.verbs


def rows_of(
    tickets: Sequence[Line], official: Official, clocks: Mapping[int, Iterable[AnyClock]], *, now: datetime
) -> list[Row]:
    """The rows of these tickets, whose clocks are handed in by their keys. No query."""
    verbs = bulk.verbs_of(tickets, official)
    before, _, after = reverse("ticket", args=[_ANY]).partition(_ANY)
    return [
        Row(
            ticket=ticket,
            code=SafeString(ticket.code),
            key=SafeString(ticket.pk),
            version=SafeString(ticket.version),
            href=SafeString(f"{before}{ticket.code}{after}"),  # looking up each costs half as much as its deadline
            deadline=deadline_of(ticket, clocks[ticket.pk], now=now),
            verbs=verbs[ticket.pk],
        )
        for ticket in tickets
    ]
