"""The only place that asks what time it is. Everything else takes `at` or calls `now()` here."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return timezone.now()
