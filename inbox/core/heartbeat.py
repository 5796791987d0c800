"""Signs of life: jobs call `beat`, health checks call `age`."""

from __future__ import annotations

from datetime import datetime, timedelta

from inbox.core.models import Heartbeat


def beat(name: str, at: datetime) -> None:
    """Record that `name` did its round at `at`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def age(name: str, at: datetime) -> timedelta | None:
    """How long ago `name` last did its round; None if never."""
    found = Heartbeat.objects.filter(name=name).first()
    return at - found.at if found else None
