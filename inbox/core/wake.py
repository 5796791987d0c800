"""Asking the workers to start now instead of at the next tick. Failing to ask never fails the caller."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def after_commit(task: str, *args: object) -> None:
    """Queue `task` once the transaction is committed. A dead broker only means the next scheduled round does it."""
    transaction.on_commit(lambda: _send(task, args), robust=True)


def _send(task: str, args: tuple[object, ...]) -> None:
    try:
        current_app.send_task(task, args=args, ignore_result=True)
    except OperationalError as error:
        log.warning("broker away, %s waits for the next round: %s", task, type(error).__name__)
