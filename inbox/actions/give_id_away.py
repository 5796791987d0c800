"""Let a source have an id for another complaint: the ticket that had it keeps its history under a name of its own."""

from __future__ import annotations

from datetime import datetime

from inbox.accounts.models import Official
from inbox.core.errors import NotFound
from inbox.sources.models import Source
from inbox.tickets.events import NewEvent, lock_histories, record
from inbox.tickets.models import ExternalRef
from inbox.tickets.vocabulary import EventKind


def give_id_away(source: Source, external_id: str, *, actor: Official | None, at: datetime) -> ExternalRef:
    """Rename the reference that has this id. Call it inside a transaction. Raises NotFound.

    What is still to be sent about the old complaint cannot reach it any more: the source no longer knows it.
    """
    ref = ExternalRef.objects.filter(source=source, external_id=external_id).first()
    if ref is None:
        raise NotFound("No such complaint")
    lock_histories([ref.ticket_id])
    ref.external_id = f"{external_id[:180]}~{ref.pk}"
    ref.save(update_fields=["external_id"])
    data = {"fields": ["external_id"], "external_id": ref.external_id}
    actor_id = actor.pk if actor else None
    record(NewEvent(ref.ticket_id, EventKind.SOURCE_UPDATED, at, data, actor_id=actor_id, source_id=source.pk))
    return ref
