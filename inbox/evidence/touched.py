"""How many tickets an outage touched: those with a message that could not be delivered in that time."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import WAITING, DeliveryState
from inbox.sources.models import Outage


def count_touched(*, at: datetime) -> int:
    """Count open outages anew, and those that ended since they were counted. Returns how many were counted."""
    stale = Outage.objects.filter(Q(ended__isnull=True) | Q(counted_at__isnull=True) | Q(counted_at__lt=F("ended")))
    outages = list(stale)
    for outage in outages:
        Outage.objects.filter(pk=outage.pk).update(tickets_touched=_count(outage, at=at), counted_at=at)
    return len(outages)


def _count(outage: Outage, *, at: datetime) -> int:
    still_waiting = Q(delivered_at__isnull=True, state__in=[*WAITING, DeliveryState.IN_FLIGHT])
    given_up_then = Q(state=DeliveryState.DEAD, done_at__gte=outage.began)
    held_up = OutboxMessage.objects.filter(
        Q(delivered_at__gte=outage.began) | still_waiting | given_up_then,
        source=outage.source_id,
        done_at__lte=outage.ended or at,
    ).exclude(reason_code="entered_by_hand", attempts_made=0)
    count: int = held_up.values("ticket").distinct().count()
    return count
