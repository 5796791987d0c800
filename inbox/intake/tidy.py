"""Throw away what policy says is old: raw payloads that went in, and the history of readings.

What waits for a person is kept however old it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from inbox.sources.models import InboundPayload, SyncRun
from inbox.sources.vocabulary import PayloadState, RunOutcome

#: Rows deleted by one statement: a night's work must not hold one long lock.
BATCH = 5_000
KEPT = (PayloadState.RECEIVED, PayloadState.REJECTED)


def tidy(at: datetime) -> dict[str, int]:
    """Delete payloads and runs older than PAYLOAD_DAYS and RUN_DAYS. Returns how many of each."""
    payloads = InboundPayload.objects.filter(received_at__lt=at - timedelta(days=settings.PAYLOAD_DAYS))
    runs = SyncRun.objects.filter(started_at__lt=at - timedelta(days=settings.RUN_DAYS))
    return {
        "payloads": _delete(payloads.exclude(state__in=KEPT)),
        "runs": _delete(runs.exclude(outcome=RunOutcome.RUNNING)),
    }


def _delete(rows) -> int:  # type: ignore[no-untyped-def]
    total = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        total += len(keys)
    return total
