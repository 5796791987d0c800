"""Decisions of a person about a message that did not reach its source."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import IllegalMove, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.events import NewEvent, record
from inbox.tickets.vocabulary import EventKind


def retry_delivery(message_id: int, *, actor: Official) -> OutboxMessage:
    """Send a given-up message again, or a waiting one now. Raises NotFound, NotAllowed, IllegalMove.

    A message whose outcome is unknown stays unknown: it is looked up before it is sent again.
    """
    with transaction.atomic():
        message = _locked(message_id, actor=actor, permission=Permission.RETRY_DELIVERY)
        if message.state not in {DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.UNKNOWN}:
            raise IllegalMove(f"A message that is {message.state} cannot be sent again")
        if message.state == DeliveryState.DEAD:
            message.state = DeliveryState.PENDING
        message.next_attempt_at = clock.now()
        message.save(update_fields=["state", "next_attempt_at"])
        after_commit("inbox.outbox.tasks.dispatch_source", message.source_id)
    return message


def mark_entered_by_hand(message_id: int, *, actor: Official) -> OutboxMessage:
    """Somebody entered the answer in the source by hand. Raises NotFound, NotAllowed, IllegalMove."""
    with transaction.atomic():
        message = _locked(message_id, actor=actor, permission=Permission.WORK_TICKET)
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


def _locked(message_id: int, *, actor: Official, permission: Permission) -> OutboxMessage:
    message: OutboxMessage | None = (
        OutboxMessage.objects.visible_to(actor)
        .select_related("ticket")
        .select_for_update(of=("self",))
        .filter(pk=message_id)
        .first()
    )
    if message is None:
        raise NotFound("No such message")
    if not may(actor, permission, unit_id=message.ticket.unit_id):
        raise NotAllowed(f"{permission} is not granted")
    return message
