"""Celery's door to bulk jobs."""

from datetime import timedelta

from celery import shared_task

from inbox.actions.undo import forget_steps
from inbox.bulk import jobs
from inbox.core import clock


@shared_task
def go_on(job_id: int) -> None:
    """Finish one job."""
    jobs.run_job(job_id)


@shared_task
def go_on_with_all() -> None:
    """Finish the jobs that a dead worker left."""
    jobs.run_unfinished()


@shared_task
def forget_undo_steps() -> None:
    """What can no longer be undone need not be kept."""
    forget_steps(clock.now() - timedelta(days=1))
