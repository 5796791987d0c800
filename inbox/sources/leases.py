"""Leases: who is reading a source right now. Taken and renewed by conditional UPDATE, so the database decides.

A lease ends by itself after 30 seconds without renewal; a crash therefore never blocks a source for long. Every page
renews it in the page's own transaction: who lost the lease cannot store anything any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from inbox.core.errors import Busy
from inbox.sources.models import Source

LEASE = timedelta(seconds=30)


def acquire(source: Source, *, owner: str, at: datetime) -> None:
    """Take the lease. Raises Busy, naming the owner, while somebody else holds it."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=at)
    taken = Source.objects.filter(pk=source.pk).filter(free).update(lease_owner=owner, lease_until=at + LEASE)
    source.refresh_from_db()
    if not taken:
        raise Busy(f"{source.slug} is being read by {source.lease_owner}", owner=source.lease_owner)


def renew(source: Source, *, owner: str, at: datetime) -> None:
    """Extend the lease; inside a transaction this also locks the row until it ends. Raises Busy when it is lost."""
    kept = Source.objects.filter(pk=source.pk, lease_owner=owner).update(lease_until=at + LEASE)
    if not kept:
        raise Busy(f"The lease on {source.slug} was lost", owner="")


def release(source: Source, *, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    Source.objects.filter(pk=source.pk, lease_owner=owner).update(lease_owner="", lease_until=None)
