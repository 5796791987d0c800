"""What differs between a source and us, as a person sees it: both sides next to each other and what can be decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inbox.outbox.vocabulary import DifferenceKind
from inbox.web import labels

if TYPE_CHECKING:
    from inbox.outbox.models import Difference
    from inbox.tickets.models import TicketEvent


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says."""

    status: labels.Words
    answer: str
    by: str
    at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sides:
    """One difference. `may_keep`: there is something that the source can be told again."""

    difference: Difference
    ours: Side
    theirs: Side
    may_keep: bool
    may_take: bool

    @property
    def about_deadline(self) -> bool:
        return self.difference.kind == DifferenceKind.DEADLINE


def sides(differences: Iterable[Difference], events: Sequence[TicketEvent] = ()) -> list[Sides]:
    """Each difference with its two sides. `events`, where they are at hand, say whether anything was ever told."""
    told = {message.source_id for event in events for message in event.outbox.all()}
    return [_sides(difference, told) for difference in differences]


def _sides(difference: Difference, told: set[int]) -> Sides:
    ours, theirs = difference.ours, difference.theirs
    said = difference.message_id is not None or difference.source_id in told
    return Sides(
        difference,
        ours=_side(ours, labels.label_of("status", ours.get("status", "")).words),
        theirs=_side(theirs, _status_there(theirs)),
        may_keep=said and difference.ticket_id is not None and difference.kind != DifferenceKind.DEADLINE,
        may_take=difference.kind not in {DifferenceKind.ONLY_HERE, DifferenceKind.ONLY_THERE}
        and bool(theirs.get("status")),
    )


def _side(said: dict[str, Any], status: labels.Words) -> Side:
    return Side(status, said.get("answer", ""), said.get("by", ""), _moment(said, "at"), _moment(said, "due_at"))


def _status_there(theirs: dict[str, Any]) -> labels.Words:
    """In our words where we have them, else as the source says it."""
    known = theirs.get("status", "")
    return labels.label_of("status", known).words if known in labels.STATUS else theirs.get("raw", "") or known


def _moment(said: dict[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(said[name]) if said.get(name) else None
