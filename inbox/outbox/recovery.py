"""What happened while no dispatcher lived, nobody here knows: least of all after a backup was restored.

A message that waits in a restored database may have been sent in the hours that the backup does not know. So when the
dispatcher comes back after a gap, whatever waits is asked about before it is sent, as if its answer had been lost.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from inbox.core.models import Heartbeat
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState

log = logging.getLogger(__name__)

#: The dispatcher shows that it lives every ten seconds; after this long it was away.
GAP = timedelta(minutes=3)
NAME = "outbox"


def notice_gap(at: datetime) -> int:
    """Show that the dispatcher lives. Returns how many messages have to be asked about because it did not for a while.

    One caller finds a gap, however many come back at once; the others wait for it.
    """
    mine = Heartbeat.objects.filter(name=NAME)
    if mine.filter(at__gt=at - GAP).update(at=at):
        return 0
    _, is_first = Heartbeat.objects.get_or_create(name=NAME, defaults={"at": at})
    if is_first:
        return 0
    with transaction.atomic():
        if not mine.filter(at__lte=at - GAP).update(at=at):
            return 0
        doubtful: int = OutboxMessage.objects.filter(state=DeliveryState.PENDING, created_at__lt=at).update(
            state=DeliveryState.UNKNOWN, reason_code="dispatcher_was_away"
        )
    if doubtful:
        log.warning("the dispatcher was away: %d messages are asked about before they are sent", doubtful)
    return doubtful
