"""Remember that somebody has opened a ticket: it is no longer bold for them, and its notifications are seen."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.actions.mark_notifications_read import mark_notifications_read
from inbox.tickets.models import ReadMark


def mark_read(ticket_id: int, version: int, *, actor: Official) -> None:
    """For a ticket that the person may see and is being shown at this version."""
    ReadMark.objects.bulk_create(
        [ReadMark(ticket_id=ticket_id, official=actor, version=version)],
        update_conflicts=True,
        unique_fields=["ticket", "official"],
        update_fields=["version"],
    )
    mark_notifications_read(actor=actor, ticket_id=ticket_id)
