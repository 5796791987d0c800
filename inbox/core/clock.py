"""The only place that asks what time it is. Everything else takes `at` or calls `now()` here."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return timezone.now()


def shared_now() -> datetime:
    """The instant by the database's clock, which all machines share: for jobs that decide what is due.

    A machine whose clock has jumped must not call anybody late. With SQLite there is one machine, so it is `now()`.
    """
    if connection.vendor != "postgresql":
        return now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (instant,) = cursor.fetchone()
    found: datetime = instant
    return found
