"""Which sources are due. Claiming moves the next visit on by conditional UPDATE, so two schedulers claim each once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from inbox.sources.models import Source
from inbox.sources.vocabulary import MANUAL


def claim_due(at: datetime) -> list[int]:
    """Ids of the enabled sources that are due, each claimed for exactly one caller."""
    due = Source.objects.filter(
        Q(next_poll_at__isnull=True) | Q(next_poll_at__lte=at), ~Q(connector=MANUAL), is_enabled=True
    )
    return [source.pk for source in due.order_by("next_poll_at", "pk") if _claim(source, at)]


def _claim(source: Source, at: datetime) -> bool:
    """Move the next visit on as if this one were done; the run itself sets the exact time when it ends."""
    return bool(
        Source.objects.filter(pk=source.pk, is_enabled=True, next_poll_at=source.next_poll_at).update(
            next_poll_at=at + timedelta(seconds=max(source.poll_seconds, 30))
        )
    )
