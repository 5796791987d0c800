"""When to try again. Pure arithmetic: it knows neither rows nor sources."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = timedelta(seconds=15)
LONGEST = timedelta(minutes=30)


def wait_before(attempt: int, *, asked: timedelta | None = None, rng: random.Random | None = None) -> timedelta:
    """How long to wait before attempt number `attempt` (the first retry is 2).

    Doubles from 15 seconds up to half an hour, with up to a quarter of jitter so that a recovered source is not hit
    by everybody at once. What the source `asked` for (Retry-After) is a lower bound.
    """
    if attempt < 2:
        return asked or timedelta(0)
    base = min(FIRST * 2 ** min(attempt - 2, 20), LONGEST)
    jitter = (rng or random).uniform(0, 0.25)
    wait: timedelta = max(base * (1 + jitter), asked or timedelta(0))
    return wait
