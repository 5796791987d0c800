"""Hear what becomes of a ticket, or no longer."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.core.errors import NotFound
from inbox.desk.models import Follow
from inbox.tickets.models import Ticket


def follow_ticket(ticket_id: int, *, actor: Official, follow: bool) -> None:
    """Twice is the same as once. Raises NotFound."""
    if not Ticket.objects.visible_to(actor).filter(pk=ticket_id).exists():
        raise NotFound("No such ticket")
    if follow:
        Follow.objects.bulk_create([Follow(ticket_id=ticket_id, official=actor)], ignore_conflicts=True)
    else:
        Follow.objects.filter(ticket=ticket_id, official=actor).delete()
