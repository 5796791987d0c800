"""Celery's door to the outbox."""

from celery import shared_task

from inbox.core import clock
from inbox.outbox import dispatch, recovery


@shared_task
def dispatch_due() -> None:
    """One task per source that has something due, so that a slow source does not hold up the others."""
    now = clock.now()
    recovery.notice_gap(now)
    for source_id in dispatch.due_sources(now):
        dispatch_source.delay(source_id)


@shared_task
def dispatch_source(source_id: int) -> None:
    """Send what is due for one source."""
    recovery.notice_gap(clock.now())
    dispatch.dispatch_source(source_id)
