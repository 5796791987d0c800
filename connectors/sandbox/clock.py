"""The sandbox's own now(): real time, in whole seconds, as the imitated systems stamp it."""

from __future__ import annotations

from datetime import datetime

from connectors.sandbox.complaints import LOCAL


def now() -> datetime:
    """The present instant, aware, without microseconds: no wire format here can carry them."""
    return datetime.now(LOCAL).replace(microsecond=0)
