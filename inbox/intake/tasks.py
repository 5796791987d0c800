"""Celery's door to intake."""

import logging

from celery import shared_task

from inbox.core import clock
from inbox.core.errors import Busy
from inbox.intake import files, schedule, sync
from inbox.sources.models import Source

log = logging.getLogger(__name__)


@shared_task
def sync_due_sources() -> None:
    """Claim what is due and hand each source to a worker."""
    for source_id in schedule.claim_due(clock.now()):
        sync_source.delay(source_id)


@shared_task
def sync_source(source_id: int, full: bool = False, trigger: str = "schedule") -> None:
    """Read one source, unless somebody already does."""
    try:
        sync.sync_source(Source.objects.get(pk=source_id), full=full, trigger=trigger)
    except Busy as busy:
        log.info("source %s is already being read by %s", source_id, busy.owner)


@shared_task
def fetch_files() -> None:
    """Fetch the attachments that are due."""
    files.fetch_due(clock.now())
