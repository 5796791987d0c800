"""Celery's door to the roll-ups."""

from celery import shared_task

from inbox.core import clock
from inbox.dashboards import rollups


@shared_task
def refresh_rollups() -> None:
    """Take in what has changed since the last round."""
    rollups.refresh(clock.shared_now())
