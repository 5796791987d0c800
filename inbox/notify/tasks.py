"""Celery's door to notifications."""

from celery import shared_task

from inbox.core import clock
from inbox.notify.letters import write_digests, write_notices
from inbox.notify.send import send_letters
from inbox.notify.tell import tell


@shared_task
def tell_people() -> None:
    """Turn what happened into notifications."""
    tell(clock.shared_now())


@shared_task
def send_mail() -> None:
    """Write and send the letters that are due."""
    now = clock.shared_now()
    write_digests(now)
    write_notices(now)
    send_letters(now)
