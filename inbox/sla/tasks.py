"""Celery's door to the clocks."""

from celery import shared_task

from inbox.core import clock
from inbox.sla.sweep import sweep


@shared_task
def sweep_clocks() -> None:
    """Mark what has become due soon or overdue."""
    sweep(clock.now())
