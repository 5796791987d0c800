"""Tickets that may be about the same matter: suggestions for a person to decide, never linked by themselves.

The database narrows (same unit and field, sent within three days of each other, at most 500), the texts decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from inbox.accounts.models import Official
from inbox.duplicates.similarity import Likeness, likeness
from inbox.tickets.models import Ticket, TicketQuerySet
from inbox.tickets.queries import metres_between

WINDOW = timedelta(hours=72)
MOST_CANDIDATES = 500
MOST_SUGGESTED = 5
_COLUMNS = (
    *("id", "title", "status", "is_open", "category", "unit_id", "address", "lat", "lng", "sent_at", "received_at"),
    *("search_key", "main_id", "version", "source_id", "source__label", "source__short_label"),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another ticket, and why it may be about the same."""

    ticket: Ticket
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Pair:
    """Two open tickets that may be about the same; `earlier` would be the main one."""

    earlier: Ticket
    later: Ticket
    likeness: Likeness


def suggestions(ticket: Ticket, official: Official) -> list[Suggestion]:
    """Open tickets that one may see and that look like this one, the most alike first; none that are linked already."""
    candidates = (
        _open(Ticket.objects.visible_to(official))
        .filter(unit=ticket.unit_id, category=ticket.category, main__isnull=True)
        .filter(sent_at__range=(ticket.sent_at - WINDOW, ticket.sent_at + WINDOW))
        .exclude(pk__in=[ticket.pk, ticket.main_id or ticket.pk])
        .order_by("-sent_at", "-pk")[:MOST_CANDIDATES]
    )
    found = list(_alike(ticket, candidates))
    return sorted(found, key=lambda s: (-s.likeness.percent, s.ticket.pk))[:MOST_SUGGESTED]


def pairs() -> Iterator[Pair]:
    """All pairs of open tickets that may be about the same, unit by unit and field by field."""
    rows = _open(Ticket.objects.all()).filter(unit__isnull=False, main__isnull=True)
    rows = rows.order_by("unit_id", "category", "sent_at", "pk")
    for _group, tickets in groupby(rows.iterator(chunk_size=2000), key=lambda t: (t.unit_id, t.category)):
        window: list[Ticket] = []
        for later in tickets:
            window = [earlier for earlier in window if later.sent_at - earlier.sent_at <= WINDOW][-MOST_CANDIDATES:]
            for suggestion in _alike(later, window):
                yield Pair(suggestion.ticket, later, suggestion.likeness)
            window.append(later)


def _open(tickets: TicketQuerySet) -> TicketQuerySet:
    return tickets.open().select_related("source").only(*_COLUMNS)


def _alike(ticket: Ticket, others: Iterable[Ticket]) -> Iterator[Suggestion]:
    for other in others:
        found = likeness(ticket.search_key, other.search_key, metres=_metres(ticket, other))
        if found is not None:
            yield Suggestion(other, found)


def _metres(a: Ticket, b: Ticket) -> float | None:
    if a.lat is None or a.lng is None or b.lat is None or b.lng is None:
        return None
    return metres_between(a.lat, a.lng, b.lat, b.lng)
