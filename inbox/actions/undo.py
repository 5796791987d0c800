"""Take back one's own act, shortly after it. History stays: the undoing is an event of its own.

What the act was to tell the sources is held until the time to undo is over; an act whose message has left, or after
which anything else happened to the ticket, is not undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from inbox.accounts.models import Official
from inbox.actions.base import changed_by_act, lock_with_linked
from inbox.core import clock
from inbox.core.errors import IllegalMove, NotFound, StaleVersion
from inbox.core.rows import plain, put_back
from inbox.core.wake import after_commit
from inbox.desk.models import UndoStep
from inbox.notify.tell import untell
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla import timers
from inbox.sla.undo import put_clocks_back, remember
from inbox.tickets.events import NewEvent, lock_histories, record
from inbox.tickets.models import Attachment, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, Status, Verb

UNDOABLE = frozenset(
    {
        Verb.ACCEPT,
        Verb.ASSIGN,
        Verb.CLAIM,
        Verb.START,
        Verb.REPLY,
        Verb.RESOLVE,
        Verb.RETURN,
        Verb.REFUSE,
        Verb.TRANSFER,
        Verb.PAUSE,
        Verb.RESUME,
        Verb.CHANGE_CATEGORY,
    }
)
#: How long the offer is shown. The server waits a little longer: a press in the last second is still in time.
UNDO_FOR = timedelta(seconds=10)
_ON_THE_WAY = timedelta(seconds=5)
#: For many tickets at once: looking through the results takes longer than reading one line.
UNDO_BULK_FOR = timedelta(seconds=60)
#: Those that leave the clocks alone, and those that go on to linked tickets.
_LEAVE_CLOCKS = frozenset({Verb.ASSIGN, Verb.CLAIM, Verb.START, Verb.REPLY})
_WITH_LINKED = frozenset({Verb.REPLY, Verb.RESOLVE, Verb.TRANSFER})
#: What no undoing puts back: it is a change too.
_GOES_ON = frozenset({"version", "updated_at"})
_HELD = (DeliveryState.PENDING, DeliveryState.BY_HAND)


@dataclass(frozen=True, slots=True)
class Before:
    """What is kept of a ticket before an act; the ticket itself as it was the act keeps (`acting_on`)."""

    clocks: dict[str, Any] | None  # None: the act leaves them alone


def before_act(verb: Verb, ticket_id: int) -> Before | None:
    """Keep what the act may change besides the ticket, which is locked for it.

    None where the act goes on to linked tickets: that is final.
    """
    if verb in _WITH_LINKED and lock_with_linked(ticket_id):
        return None
    if verb in _LEAVE_CLOCKS:
        return Before(clocks=None)
    lock_histories({ticket_id})
    return Before(remember(ticket_id))


def keep_step(before: Before, ticket: Ticket, *, verb: Verb, actor: Official, within: timedelta) -> UndoStep:
    """After the act, in its transaction: keep the way back and hold the messages for as long as it is open."""
    pending = OutboxMessage.objects.filter(state=DeliveryState.PENDING)
    events = TicketEvent.objects.filter(ticket=ticket.pk).order_by("-sequence")
    event_id, at, is_held = events.values_list("pk", "at", Exists(pending.filter(event=OuterRef("pk"))))[0]
    until = at + within + _ON_THE_WAY
    if is_held:
        held = pending.filter(event=event_id)
        held.update(next_attempt_at=until)
        for source_id in held.values_list("source_id", flat=True).distinct().order_by():
            after_commit("inbox.outbox.tasks.dispatch_source", source_id, wait=until - at)
    ticket_before = {name: was for name, was in changed_by_act(ticket).items() if name not in _GOES_ON}
    return UndoStep.objects.create(
        event_id=event_id,
        ticket=ticket,
        actor=actor,
        verb=verb,
        version=ticket.version,
        before={"ticket": plain(ticket_before), "clocks": before.clocks},
        until=until,
    )


def undo(step_id: int, *, actor: Official, at: datetime | None = None) -> Ticket:
    """Make the ticket what it was before the act, whoever sees it now.

    Raises NotFound for anybody but the one who acted, StaleVersion when the ticket has changed since, and IllegalMove
    when it is too late or a message has left.
    """
    with transaction.atomic():
        ticket_id = UndoStep.objects.filter(pk=step_id, actor=actor).values_list("ticket_id", flat=True).first()
        if ticket_id is None:
            raise NotFound("Nothing to undo")
        ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket_id)
        step = UndoStep.objects.select_related("event").get(pk=step_id)
        at = at or clock.now()
        if step.undone_at is not None or at > step.until:
            raise IllegalMove("It is too late to undo this")
        if ticket.version != step.version:
            raise StaleVersion(f"{ticket.code} is at version {ticket.version}", current=ticket.version)
        _call_back(step)
        Attachment.objects.filter(event=step.event).update(event=None)
        put_back(ticket, step.before["ticket"])
        ticket.set_status(Status(ticket.status))
        if step.before["clocks"] is not None:
            put_clocks_back(ticket.pk, step.before["clocks"])
        untell(step.event)
        record(
            NewEvent(
                ticket_id=ticket.pk,
                kind=EventKind.UNDONE,
                at=at,
                data={"verb": step.verb, "sequence": step.event.sequence},
                actor_id=actor.pk,
            )
        )
        timers.set_next_due(ticket)
        ticket.version += 1
        ticket.updated_at = at
        ticket.save()
        step.undone_at = at
        step.save(update_fields=["undone_at"])
    return ticket


def forget_steps(before: datetime) -> int:
    """Delete the ways back that ended before `before`; returns how many."""
    return UndoStep.objects.filter(until__lt=before).delete()[0]


def _call_back(step: UndoStep) -> None:
    """Cancel what the act was to tell the sources; raises IllegalMove when some of it has left."""
    messages = OutboxMessage.objects.filter(event=step.event)
    number = messages.count()
    held = messages.filter(state__in=_HELD, attempts_made=0)
    if held.update(state=DeliveryState.CANCELLED, reason_code="undone", is_examined=True) != number:
        raise IllegalMove("The message has left already")
