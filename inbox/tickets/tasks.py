"""Celery's door to history."""

from celery import shared_task

from inbox.core import clock
from inbox.tickets.anchors import anchor


@shared_task
def anchor_histories() -> None:
    """Seal what stands today."""
    anchor(at=clock.now())
