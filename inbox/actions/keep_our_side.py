"""Where a source and we differ, our side counts: tell the source once more."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import QuerySet

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.actions.base import decide, locked_difference
from inbox.core import clock
from inbox.core.errors import IllegalMove
from inbox.core.wake import after_commit
from inbox.outbox.enqueue import first_state
from inbox.outbox.models import Difference, OutboxFile, OutboxMessage
from inbox.outbox.vocabulary import WAITING, Decision, DeliveryState
from inbox.tickets.models import TicketEvent


def keep_our_side(difference_id: int, *, actor: Official) -> Difference:
    """Send the last thing we said again, as a message of its own: what counts stays when it was done first.

    Raises NotFound, NotAllowed; IllegalMove when it was decided meanwhile, or when there is nothing to send or it is
    already on its way.
    """
    with transaction.atomic():
        difference, ticket = locked_difference(difference_id, actor=actor)
        told = _told(difference)
        message = difference.message if _can_be_said(difference.message) else told.filter(state__in=_SAID).last()
        if message is None:
            raise IllegalMove("Nothing was said here that the source could be told again")
        if told.filter(state__in=[*WAITING, DeliveryState.IN_FLIGHT]).exists():
            raise IllegalMove("A message to this source is already on its way")
        event = decide(difference, ticket, Decision.KEEP_OURS, actor=actor, at=clock.now())
        again = _again(message, event)
        if message.state == DeliveryState.DEAD:
            message.state, message.reason_code = DeliveryState.CANCELLED, "replaced"
            message.save(update_fields=["state", "reason_code"])
        if again.state == DeliveryState.PENDING:
            after_commit("inbox.outbox.tasks.dispatch_source", again.source_id)
    return difference


_SAID = [DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.BY_HAND]


def _can_be_said(message: OutboxMessage | None) -> bool:
    return message is not None and message.state in _SAID


def _told(difference: Difference) -> QuerySet[OutboxMessage]:
    found: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        source=difference.source_id, ref__external_id=difference.external_id
    ).order_by("pk")
    return found


def _again(message: OutboxMessage, event: TicketEvent) -> OutboxMessage:
    """A message like the given one with a key of its own, because the source has dealt with the old key."""
    by_hand = first_state(message.source, OutboundAction(message.action)) is not DeliveryState.PENDING
    again: OutboxMessage = OutboxMessage.objects.create(
        ticket_id=message.ticket_id,
        ref_id=message.ref_id,
        source_id=message.source_id,
        event=event,
        action=message.action,
        text=message.text,
        author=message.author,
        done_at=message.done_at,
        due_at=message.due_at,
        deadline_at=message.deadline_at,
        key=uuid.uuid4().hex,
        state=DeliveryState.BY_HAND if by_hand else DeliveryState.PENDING,
        reason_code="read_only" if by_hand else "",
        next_attempt_at=event.at,
        created_at=event.at,
    )
    OutboxFile.objects.bulk_create(
        OutboxFile(
            message=again,
            name=file.name,
            content_type=file.content_type,
            content_hash=file.content_hash,
            size=file.size,
        )
        for file in message.files.all()
    )
    return again
