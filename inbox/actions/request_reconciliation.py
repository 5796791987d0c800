"""Ask for a source to be compared with what is here. Nothing is read here: a worker does it."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.sources.models import Source
from inbox.sources.runtime import can_be_compared


def request_reconciliation(slug: str, *, actor: Official) -> Source:
    """Wake a worker. Raises NotFound, NotAllowed; Invalid when the source is off or has no other side to read."""
    if not may(actor, Permission.SYNC_SOURCE):
        raise NotAllowed("sync_source is not granted")
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise NotFound("No such source")
    if not source.is_enabled or not can_be_compared(source):
        raise Invalid("The source cannot be read", field="slug")
    after_commit("inbox.intake.tasks.reconcile_source", source.pk, "by_hand")
    return source
