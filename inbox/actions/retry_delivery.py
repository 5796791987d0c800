"""Send a message again that did not reach its source."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import locked_message
from inbox.core import clock
from inbox.core.errors import IllegalMove
from inbox.core.wake import after_commit
from inbox.outbox.models import OutboxMessage
from inbox.outbox.queries import is_overtaken
from inbox.outbox.vocabulary import DeliveryState


def retry_delivery(message_id: int, *, actor: Official) -> OutboxMessage:
    """Send a given-up message again, or a waiting one now. Raises NotFound, NotAllowed, IllegalMove.

    A message whose outcome is unknown stays unknown: it is looked up before it is sent again. One that a later message
    has overtaken is refused: the source would go back to what was said before.
    """
    with transaction.atomic():
        message = locked_message(message_id, actor=actor, permission=Permission.RETRY_DELIVERY)
        if message.state not in {DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.UNKNOWN}:
            raise IllegalMove(f"A message that is {message.state} cannot be sent again")
        if is_overtaken(message):
            raise IllegalMove("A later message has arrived there; sending this one now would undo it")
        if message.state == DeliveryState.DEAD:
            message.state = DeliveryState.PENDING
        message.next_attempt_at = clock.now()
        message.save(update_fields=["state", "next_attempt_at"])
        after_commit("inbox.outbox.tasks.dispatch_source", message.source_id)
    return message
