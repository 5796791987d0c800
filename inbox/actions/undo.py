"""Take back one's own act, shortly after it. History stays: the undoing is an event of its own.

What the act was to tell the sources is held until the time to undo is over; an act whose message has left, or after
which anything else happened to the ticket, is not undone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Value

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


def clocks_before(verb: Verb, ticket_id: int) -> dict[str, Any] | None:
    """What to keep of the clocks before an act that may move them: the ticket is locked. None: it leaves them alone.

    The ticket itself as it was the act keeps (`acting_on`).
    """
    if verb in _LEAVE_CLOCKS:
        return None
    if not (verb in _WITH_LINKED and lock_with_linked(ticket_id)):
        lock_histories({ticket_id})
    return remember(ticket_id)


def keep_step(
    ticket: Ticket, clocks: dict[str, Any] | None, *, verb: Verb, actor: Official, within: timedelta
) -> UndoStep | None:
    """After the act, in its transaction: keep the way back and hold the messages for as long as it is open.

    None where the act has gone on to linked tickets: that is final.
    """
    pending = OutboxMessage.objects.filter(state=DeliveryState.PENDING)
    events = TicketEvent.objects.filter(ticket=ticket.pk).order_by("-sequence")
    is_held = Exists(pending.filter(event=OuterRef("pk")))
    is_final = Exists(Ticket.objects.filter(main=ticket.pk)) if verb in _WITH_LINKED else Value(False)
    event_id, at, holds, ends = events.values_list("pk", "at", is_held, is_final)[0]
    if ends:
        return None
    until = at + within + _ON_THE_WAY
    if holds:
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
        before={"ticket": plain(ticket_before), "clocks": clocks},
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
