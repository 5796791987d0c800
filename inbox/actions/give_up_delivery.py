"""Decide that a message need not reach its source."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import clean_text, locked_message
from inbox.core import clock
from inbox.core.errors import IllegalMove
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.events import NewEvent, record_message
from inbox.tickets.vocabulary import EventKind, MessageKind

_POSSIBLE = frozenset({DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.UNKNOWN, DeliveryState.BY_HAND})


def give_up_delivery(message_id: int, *, actor: Official, reason: str) -> OutboxMessage:
    """Nothing more is tried; the reason stands in the history. Raises NotFound, NotAllowed, IllegalMove, Invalid."""
    body = clean_text(reason, field="reason")
    with transaction.atomic():
        message = locked_message(message_id, actor=actor, permission=Permission.RETRY_DELIVERY)
        if message.state not in _POSSIBLE:
            raise IllegalMove(f"A message that is {message.state} cannot be given up")
        now = clock.now()
        message.state, message.reason_code = DeliveryState.CANCELLED, "given_up"
        message.save(update_fields=["state", "reason_code"])
        data = {"action": message.action, "message": message.pk}
        record_message(
            NewEvent(
                ticket_id=message.ticket_id,
                kind=EventKind.DELIVERY_GIVEN_UP,
                at=now,
                data=data,
                actor_id=actor.pk,
                source_id=message.source_id,
            ),
            kind=MessageKind.NOTE,
            body=body,
        )
    return message
