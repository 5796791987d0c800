"""Remember that somebody has opened a ticket: it is no longer bold for them, and its notifications are seen."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.actions.mark_notifications_read import mark_notifications_read
from inbox.tickets.models import ReadMark, Ticket


def mark_read(ticket_id: int, *, actor: Official) -> None:
    """Marks the version the ticket has now. Does nothing for a ticket that is not for this person."""
    version = Ticket.objects.visible_to(actor).filter(pk=ticket_id).values_list("version", flat=True).first()
    if version is not None:
        mark_version_read(ticket_id, version, actor=actor)


def mark_version_read(ticket_id: int, version: int, *, actor: Official) -> None:
    """The same for a ticket that the person has just been shown at this version."""
    ReadMark.objects.bulk_create(
        [ReadMark(ticket_id=ticket_id, official=actor, version=version)],
        update_conflicts=True,
        unique_fields=["ticket", "official"],
        update_fields=["version"],
    )
    mark_notifications_read(actor=actor, ticket_id=ticket_id)
