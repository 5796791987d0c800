"""Mark one's own notifications as seen: all of them, or those of a ticket one has opened."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.notify.models import Notification


def mark_notifications_read(*, actor: Official, ticket_id: int | None = None, at: datetime | None = None) -> int:
    """Returns how many were unread. What is still held back for the next working period stays unread."""
    at = at or clock.now()
    mine = Notification.objects.filter(official=actor, read_at=None, show_from__lte=at)
    if ticket_id is not None:
        mine = mine.filter(ticket=ticket_id)
    seen: int = mine.update(read_at=at)
    return seen
