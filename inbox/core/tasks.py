"""The scheduler's own sign of life."""

from celery import shared_task

from inbox.core import clock
from inbox.core.heartbeat import beat


@shared_task
def beat_alive() -> None:
    """Prove that scheduler, broker and a worker work together."""
    beat("scheduler", clock.now())
