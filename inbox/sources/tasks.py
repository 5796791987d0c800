"""Celery's door to the sources' health."""

from celery import shared_task

from inbox.sources import probe


@shared_task
def probe_sources() -> None:
    """Confirm outages by a request of their own."""
    probe.probe_sources()
