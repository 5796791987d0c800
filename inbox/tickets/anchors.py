"""The daily seal on all histories, and history in a form that others can check without us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from inbox.tickets import chain
from inbox.tickets.models import AnchoredHead, ChainAnchor, ChainHead, Ticket, TicketEvent

BATCH = 1000


@transaction.atomic
def anchor(*, at: datetime) -> ChainAnchor:
    """Seal what stands now; a second call on the same local day gives the seal of that day.

    A history that moves on meanwhile is sealed as it was read, and its next end with the next anchor.
    """
    day = timezone.localdate(at)
    found = ChainAnchor.objects.filter(day=day).first()
    if found is not None:
        return found
    last = ChainAnchor.objects.select_for_update().order_by("-day").first()
    sealed = AnchoredHead.objects.filter(ticket=OuterRef("ticket"), sequence=OuterRef("sequence"))
    heads = list(
        ChainHead.objects.filter(~Exists(sealed)).order_by("ticket").values_list("ticket_id", "sequence", "hash")
    )
    made = ChainAnchor(
        day=day,
        made_at=at,
        tickets=ChainHead.objects.count(),
        changed=len(heads),
        root=chain.root_of(heads),
        previous_hash=last.hash if last else chain.GENESIS,
    )
    made.hash = chain.linked(made.previous_hash, anchor_content(made))
    made.save(force_insert=True)
    AnchoredHead.objects.bulk_create(
        (AnchoredHead(anchor=made, ticket_id=pk, sequence=sequence, hash=digest) for pk, sequence, digest in heads),
        batch_size=BATCH,
    )
    return made


def anchor_content(made: ChainAnchor) -> dict[str, Any]:
    """What an anchor's hash covers."""
    return chain.anchor_content(day=made.day, tickets=made.tickets, changed=made.changed, root=made.root)


def exported_anchors() -> list[dict[str, Any]]:
    """Anchors as JSON, oldest first: to be kept where nobody who runs this system can change them."""
    rows = ChainAnchor.objects.order_by("day")
    return [anchor_content(row) | {"previous": row.previous_hash, "hash": row.hash} for row in rows]


def exported_history(ticket: Ticket) -> list[dict[str, Any]]:
    """The events of a ticket as JSON, oldest first, each with what its hash covers. No text, no personal data."""
    events = TicketEvent.objects.filter(ticket=ticket).order_by("sequence")
    return [event.content | {"code": ticket.code, "hash": event.hash} for event in events]
