"""Which sources are due. Claiming moves the next visit on by conditional UPDATE, so two schedulers claim each once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from inbox.sources.models import Source
from inbox.sources.runtime import askable
from inbox.sources.vocabulary import MANUAL

#: For so long at least a claimed source is nobody else's. The run itself sets the exact time when it ends.
CLAIM = timedelta(seconds=30)


def claim_due(at: datetime) -> list[int]:
    """Ids of the enabled sources that are due, each claimed for exactly one caller."""
    due = Source.objects.filter(
        Q(next_poll_at__isnull=True) | Q(next_poll_at__lte=at), askable(at), ~Q(connector=MANUAL), is_enabled=True
    )
    return [source.pk for source in due.order_by("next_poll_at", "pk") if _claim(source, at)]


def _claim(source: Source, at: datetime) -> bool:
    """Move the next visit on as if this one were done."""
    return bool(
        Source.objects.filter(pk=source.pk, is_enabled=True, next_poll_at=source.next_poll_at).update(
            next_poll_at=at + max(timedelta(seconds=source.poll_seconds), CLAIM)
        )
    )
