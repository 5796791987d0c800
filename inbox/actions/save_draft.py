"""Keep what somebody is typing, so that it is there on the next computer too. An empty text forgets it."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.actions.base import LONGEST_TEXT
from inbox.core import clock
from inbox.core.errors import NotFound
from inbox.desk.models import Draft
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Verb


def save_draft(ticket_id: int, verb: Verb, text: str, *, actor: Official, at: datetime | None = None) -> None:
    """One draft per person, ticket and form; the newest text wins. Raises NotFound.

    Longer than a message may be is cut: a draft is never the reason why something cannot be saved.
    """
    if not Ticket.objects.visible_to(actor).filter(pk=ticket_id).exists():
        raise NotFound("No such ticket")
    if not text.strip():
        forget_draft(ticket_id, [verb], actor=actor)
        return
    Draft.objects.bulk_create(
        [
            Draft(
                ticket_id=ticket_id,
                official=actor,
                verb=verb,
                text=text.replace("\x00", "")[:LONGEST_TEXT],
                saved_at=at or clock.now(),
            )
        ],
        update_conflicts=True,
        unique_fields=["ticket", "official", "verb"],
        update_fields=["text", "saved_at"],
    )


def forget_draft(ticket_id: int, verbs: list[Verb], *, actor: Official) -> None:
    """What was typed has been sent."""
    Draft.objects.filter(ticket=ticket_id, official=actor, verb__in=verbs).delete()
