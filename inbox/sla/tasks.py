"""Celery's door to the clocks."""

from celery import shared_task

from inbox.core import clock
from inbox.sla import foresight, recalculate
from inbox.sla.sweep import sweep


@shared_task
def sweep_clocks() -> None:
    """Mark what has become due soon or overdue."""
    sweep(clock.shared_now())


@shared_task
def learn_handling_times() -> None:
    """Learn from the last year how long answers take."""
    foresight.learn(clock.now())


@shared_task
def refresh_foresight() -> None:
    """Say of every open ticket how likely it is to be late."""
    foresight.refresh(clock.now())


@shared_task
def recalculate_clocks() -> None:
    """Go on with the recalculations that are under way."""
    recalculate.run_jobs(clock.now())


@shared_task
def check_deadlines() -> None:
    """Reckon every open deadline anew: what came in at the very moment of a change was counted by the old calendar."""
    recalculate.recalculate(at=clock.now())
