"""Celery's door to evidence."""

from celery import shared_task

from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.touched import count_touched


@shared_task
def collect_evidence() -> None:
    """Put on record what was hindered, and count whom outages touched."""
    now = clock.now()
    collect(at=now)
    count_touched(at=now)
