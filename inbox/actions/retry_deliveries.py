"""Send all given-up messages of one source again, at a rate that it can bear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.bulk import update_rows
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.outbox.models import BulkRetry, OutboxMessage
from inbox.outbox.queries import retryable
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.models import Source
from inbox.tickets.events import lock_histories

#: Messages a minute that one may ask for.
RATES = (30, 60, 120, 300)
#: Rows per transaction, so that nobody waits long for a lock.
BATCH = 500


def retry_deliveries(slug: str, *, actor: Official, per_minute: int, reason: str = "") -> BulkRetry:
    """Spread the source's given-up messages over time, the oldest first; `reason` takes only those given up for it.

    Conflicts are left out, because a person decides each, and so is what a later message has overtaken. Returns the
    bulk with its `total`, which may be 0. Raises NotFound, NotAllowed, Invalid.
    """
    if not may(actor, Permission.RETRY_DELIVERY):
        raise NotAllowed("retry_delivery is not granted")
    if per_minute not in RATES:
        raise Invalid("Not a rate that can be chosen", field="per_minute")
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise NotFound("No such source")
    now = clock.now()
    bulk = BulkRetry.objects.create(
        source=source, started_by=actor, started_at=now, reason_code=reason[:50], per_minute=per_minute
    )
    for keys in _batches(retryable(source.pk, actor, reason=reason)):
        with transaction.atomic():
            bulk.total += _spread(keys, bulk)
            bulk.save(update_fields=["total"])
    if bulk.total:
        after_commit("inbox.outbox.tasks.dispatch_source", source.pk)
    return bulk


def _batches(messages: QuerySet[OutboxMessage]) -> Iterator[list[int]]:
    last = 0
    while keys := list(messages.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        last = keys[-1]
        yield keys


def _spread(keys: Sequence[int], bulk: BulkRetry) -> int:
    """Put these messages on the schedule behind those already there; what was dealt with meanwhile is left."""
    lock_histories(set(OutboxMessage.objects.filter(pk__in=keys).values_list("ticket_id", flat=True)))
    rows = list(OutboxMessage.objects.select_for_update().filter(pk__in=keys, state=DeliveryState.DEAD).order_by("pk"))
    for place, row in enumerate(rows, start=bulk.total):
        row.state, row.bulk_retry = DeliveryState.PENDING, bulk
        row.next_attempt_at = bulk.started_at + timedelta(minutes=1) * place / bulk.per_minute
    update_rows(rows, ["state", "bulk_retry", "next_attempt_at"])
    return len(rows)
