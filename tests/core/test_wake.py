"""A broker that is away delays work and never the person who did it."""

from __future__ import annotations

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from inbox.core import wake


def test_a_broker_that_is_away_is_asked_once_and_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    now = 1000.0

    def fail(task: str, **options: Any) -> None:
        asked.append(task)
        raise OperationalError("refused")

    monkeypatch.setattr(wake, "_away_until", 0.0)
    monkeypatch.setattr(wake.time, "monotonic", lambda: now)
    monkeypatch.setattr(wake.current_app, "send_task", fail)
    wake._send("one", (), None)
    wake._send("two", (), None)
    assert asked == ["one"], "nobody waits for it twice"
    now += wake.REST_SECONDS + 1
    monkeypatch.setattr(wake.current_app, "send_task", lambda task, **options: asked.append(task))
    wake._send("three", (), None)
    wake._send("four", (), None)
    assert asked == ["one", "three", "four"]
