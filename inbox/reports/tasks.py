"""Celery's door to exports and reports."""

from celery import shared_task

from inbox.core import clock
from inbox.reports import keep, make, open_data, subscriptions


@shared_task
def make_exports() -> None:
    """Make the files that were asked for."""
    make.make_waiting()


@shared_task
def expire_exports() -> None:
    """Delete files that have had their time."""
    keep.expire(clock.now())


@shared_task
def publish_open_data() -> None:
    """Publish the months that have become whole."""
    open_data.release_due(clock.now())


@shared_task
def tell_of_reports() -> None:
    """Write the letters about reports whose month or week is over."""
    subscriptions.write_due(clock.shared_now())
