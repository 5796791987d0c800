"""Let colleagues see that one has a ticket open, and whether one is writing."""

from __future__ import annotations

from datetime import datetime, timedelta

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.desk.models import Presence

#: Rows of somebody's earlier visits are worth nothing after this.
_FORGOTTEN = timedelta(hours=1)


def show_presence(ticket_id: int, *, actor: Official, typing: bool, at: datetime | None = None) -> None:
    """For a ticket that the person has just been shown."""
    at = at or clock.now()
    Presence.objects.filter(official=actor, seen_at__lt=at - _FORGOTTEN).delete()
    Presence.objects.bulk_create(
        [Presence(ticket_id=ticket_id, official=actor, seen_at=at, typing_at=at if typing else None)],
        update_conflicts=True,
        unique_fields=["ticket", "official"],
        update_fields=["seen_at", "typing_at"],
    )
