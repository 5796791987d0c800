"""Ask for a source to be read now. Nothing is fetched here: a worker does it."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.sources.models import Source


def request_sync(slug: str, *, actor: Official, full: bool = False) -> Source:
    """Put the source on top of the schedule and wake a worker. Raises NotFound, NotAllowed, Invalid when it is off."""
    if not may(actor, Permission.SYNC_SOURCE):
        raise NotAllowed("sync_source is not granted")
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(slug=slug).first()
        if source is None:
            raise NotFound("No such source")
        if not source.is_enabled:
            raise Invalid("The source is switched off", field="slug")
        if full:
            after_commit("inbox.intake.tasks.sync_source", source.pk, True, "by_hand")
        else:
            source.next_poll_at = clock.now()
            source.save(update_fields=["next_poll_at"])
            after_commit("inbox.intake.tasks.sync_due_sources")
    return source
