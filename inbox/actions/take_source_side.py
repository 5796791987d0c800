"""Where a source and we differ, its side counts: bring the ticket to where the source is."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.base import decide, locked_difference
from inbox.core import clock
from inbox.core.errors import IllegalMove
from inbox.outbox.comparison import Phase, phase
from inbox.outbox.differences import status_there
from inbox.outbox.models import Difference, OutboxMessage
from inbox.outbox.vocabulary import WAITING, Decision, DeliveryState, DifferenceKind
from inbox.sla import timers
from inbox.tickets.models import Ticket
from inbox.tickets.records import STATUS
from inbox.tickets.vocabulary import Status

#: The source's word is simply the last one: nothing of the ticket changes.
_NOTHING_TO_FOLLOW = frozenset({DifferenceKind.ONLY_HERE, DifferenceKind.ANSWER})


def take_source_side(difference_id: int, *, actor: Official) -> Difference:
    """Follow the source in what differs: status (with its clocks) or deadline. What still waited to be told is dropped.

    Raises NotFound, NotAllowed; IllegalMove when it was decided meanwhile or the source does not say anything that a
    ticket could follow.
    """
    with transaction.atomic():
        difference, ticket = locked_difference(difference_id, actor=actor)
        at = clock.now()
        if difference.kind == DifferenceKind.DEADLINE:
            said = difference.theirs.get("due_at", "")
            ticket.source_due_at = datetime.fromisoformat(said) if said else None
        elif difference.kind not in _NOTHING_TO_FOLLOW:
            _follow(difference, ticket, at=at)
        OutboxMessage.objects.filter(
            source=difference.source_id,
            ref__external_id=difference.external_id,
            state__in=[*WAITING, DeliveryState.DEAD, DeliveryState.BY_HAND],
        ).update(state=DeliveryState.CANCELLED, reason_code="their_side_counts")
        decide(difference, ticket, Decision.TAKE_THEIRS, actor=actor, at=at)
        timers.set_next_due(ticket)
        ticket.version += 1
        ticket.updated_at = at
        ticket.save()
    return difference


def _follow(difference: Difference, ticket: Ticket, *, at: datetime) -> None:
    """Move status and clocks as the same act here would have done."""
    theirs = status_there(difference)
    if theirs is None:
        raise IllegalMove("The source did not say where the complaint stands")
    status = STATUS[theirs]
    if phase(status) is Phase.OPEN:
        status = Status.IN_PROGRESS if ticket.accepted_at else Status.NEW
    if status == ticket.status:
        return
    was_open = ticket.is_open
    ticket.set_status(status)
    if ticket.is_open and not was_open:
        ticket.resolved_at = None
        timers.reopen(ticket, at=at)
    elif was_open:
        clocks = timers.ManyClocks({ticket.pk})
        clocks.follow_status(ticket, at=at)
        clocks.save()
    if status is Status.RESOLVED:
        ticket.resolved_at = ticket.resolved_at or at
    if status is not Status.NEW and ticket.accepted_at is None:
        ticket.accepted_at = at
