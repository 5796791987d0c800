"""Say that an answer was entered in its source by hand."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import locked_message
from inbox.core import clock
from inbox.core.errors import IllegalMove
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.events import NewEvent, record
from inbox.tickets.vocabulary import EventKind


def mark_entered_by_hand(message_id: int, *, actor: Official) -> OutboxMessage:
    """Somebody entered the answer in the source by hand. Raises NotFound, NotAllowed, IllegalMove."""
    with transaction.atomic():
        message = locked_message(message_id, actor=actor, permission=Permission.WORK_TICKET)
        if message.state not in {DeliveryState.BY_HAND, DeliveryState.DEAD}:
            raise IllegalMove(f"A message that is {message.state} does not wait for anybody's hand")
        now = clock.now()
        message.state, message.delivered_at, message.reason_code = DeliveryState.DELIVERED, now, "entered_by_hand"
        message.save(update_fields=["state", "delivered_at", "reason_code"])
        record(
            NewEvent(
                ticket_id=message.ticket_id,
                kind=EventKind.DELIVERED,
                at=now,
                data={"action": message.action, "message": message.pk, "by_hand": True},
                actor_id=actor.pk,
                source_id=message.source_id,
            )
        )
    return message
