"""Celery's door to intake."""

import logging

from celery import shared_task

from inbox.core import clock
from inbox.core.errors import Busy
from inbox.intake import files, reconcile, replay, schedule, sync, tidy, watch, webhooks
from inbox.sources.models import Source
from inbox.sources.vocabulary import CodeKind, RunOutcome

log = logging.getLogger(__name__)

#: A source that is being read is not read twice; this long a reading rarely takes.
RETRY_SECONDS = 15

#: How long one task compares before it hands on to the next: well below the time limit of a task.
RECONCILE_SECONDS = 120.0


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


@shared_task
def replay_quarantine(source_id: int) -> None:
    """Try everything in a source's quarantine again."""
    try:
        replay.replay_quarantine(Source.objects.get(pk=source_id))
    except Busy as busy:
        log.info("source %s is being read by %s, its quarantine waits", source_id, busy.owner)
        replay_quarantine.apply_async((source_id,), countdown=RETRY_SECONDS)


@shared_task
def reread_code(source_id: int, kind: str, code: str) -> None:
    """Read again what came with a code that has been explained."""
    try:
        replay.reread_code(Source.objects.get(pk=source_id), CodeKind(kind), code)
    except Busy:
        reread_code.apply_async((source_id, kind, code), countdown=RETRY_SECONDS)


@shared_task
def watch_sources() -> None:
    """Notice unusual silence, and tell those who manage sources of trouble."""
    watch.watch_sources(clock.now())


@shared_task
def learn_rhythms() -> None:
    """Learn how often each source brings something."""
    watch.learn_rhythms(clock.now())


@shared_task
def tidy_intake() -> None:
    """Delete old payloads and runs."""
    tidy.tidy(clock.now())


@shared_task
def forget_messages() -> None:
    """Drop ids of pushed messages that nobody repeats any more."""
    webhooks.forget(clock.now())


@shared_task
def reconcile_sources() -> None:
    """One comparison per source that can be read."""
    for source_id in reconcile.reconcilable():
        reconcile_source.delay(source_id)


@shared_task
def reconcile_source(source_id: int, trigger: str = "schedule") -> None:
    """Compare one source; a long comparison goes on in another task."""
    try:
        run = reconcile.reconcile(Source.objects.get(pk=source_id), trigger=trigger, seconds=RECONCILE_SECONDS)
    except Busy:
        log.info("source %s is already being compared", source_id)
        return
    if run.outcome == RunOutcome.RUNNING:
        reconcile_source.delay(source_id, trigger)
