"""Remember that somebody has opened a ticket, so that it is no longer bold for them."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.tickets.models import ReadMark, Ticket


def mark_read(ticket_id: int, *, actor: Official) -> None:
    """Marks the version the ticket has now. Does nothing for a ticket that is not for this person."""
    version = Ticket.objects.visible_to(actor).filter(pk=ticket_id).values_list("version", flat=True).first()
    if version is None:
        return
    ReadMark.objects.bulk_create(
        [ReadMark(ticket_id=ticket_id, official=actor, version=version)],
        update_conflicts=True,
        unique_fields=["ticket", "official"],
        update_fields=["version"],
    )
