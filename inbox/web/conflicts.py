"""Both sides of a conflict: what somebody saw when they began to write, and how the ticket stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from inbox.tickets import queries
from inbox.web import labels, moments, timeline

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket
    from inbox.web.forms import Seen


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, before and now."""

    name: labels.Words
    before: str
    now: str

    @property
    def changed(self) -> bool:
        return self.before != self.now


@dataclass(frozen=True, slots=True)
class Conflict:
    """`changes` is what happened meanwhile, oldest first; without `rows` the form did not say what had been seen."""

    rows: Sequence[Row]
    changes: Sequence[timeline.Item]

    @property
    def last(self) -> timeline.Item | None:
        return self.changes[-1] if self.changes else None


def between(seen: Seen | None, ticket: Ticket, official: Official, *, now: datetime) -> Conflict:
    """What the person has to know before sending again."""
    began = _moment(seen.at) if seen else None
    events = queries.changes_since(ticket.pk, official, began) if began else []
    if not events:
        change = queries.last_change(ticket.pk, official)
        events = [change] if change else []
    changes = timeline.items(events, names=queries.names_in(events))
    return Conflict(_rows(seen, ticket, now) if seen and began else (), changes)


def _rows(seen: Seen, ticket: Ticket, now: datetime) -> list[Row]:
    nobody, none = _("Not assigned"), _("No deadline")
    due = _moment(seen.due)
    return [
        Row(_("Status"), str(labels.label_of("status", seen.status).words), str(labels.STATUS[ticket.status].words)),
        Row(_("Assignee"), seen.assignee or nobody, ticket.assignee.display_name if ticket.assignee else nobody),
        Row(
            _("Deadline"),
            moments.short(due, now=now) if due else none,
            moments.short(ticket.next_due_at, now=now) if ticket.next_due_at else none,
        ),
    ]


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
