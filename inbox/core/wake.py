"""Asking the workers to start now instead of at the next tick. Failing to ask never fails the caller."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

#: A broker that was found away is left alone for so long: finding out again would cost each caller seconds.
REST_SECONDS = 10.0
_away_until = 0.0


def after_commit(task: str, *args: object, wait: timedelta | None = None) -> None:
    """Queue `task` once the transaction is committed, to run after `wait`.

    A dead broker only means the next scheduled round does it.
    """
    transaction.on_commit(lambda: _send(task, args, wait), robust=True)


def _send(task: str, args: tuple[object, ...], wait: timedelta | None) -> None:
    global _away_until
    if time.monotonic() < _away_until:
        return
    try:
        current_app.send_task(task, args=args, ignore_result=True, countdown=wait.total_seconds() if wait else None)
    except OperationalError as error:
        _away_until = time.monotonic() + REST_SECONDS
        log.warning("broker away, %s waits for the next round: %s", task, type(error).__name__)
