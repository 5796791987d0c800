"""Real requests judged by our clock, beside the verdict that their own city gave."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time

import pytest

from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import Clock, State
from inbox.sla.survival import Curve
from tests.sla import boston

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not boston.FILE.exists(), reason="../shared/data is not here: it does not ship"),
]

ROUND_THE_CLOCK = WorkingCalendar({day: [(time.min, "24:00")] for day in range(7)}, {}, UTC)
#: The newest stamp in the file is from 04/01/2024: what was open then was judged then.
SNAPSHOT = datetime(2024, 1, 4, 6, 13, 44, tzinfo=UTC)


def verdict(request: boston.Request) -> str:
    """What our clock says, as "on time" or "late"; else why it can say nothing."""
    if request.target is None:
        return "no target"
    if request.target <= request.opened:
        return "no time at all"
    clock = Clock(ROUND_THE_CLOCK, request.target - request.opened, request.opened, (), request.closed)
    return "late" if clock.state(SNAPSHOT) is State.BREACHED else "on time"


def test_attainment_agrees_wherever_it_can_be_derived() -> None:
    found = Counter((verdict(request), request.on_time) for request in boston.requests())
    assert sum(found.values()) == 62_165
    assert found == {
        ("on time", True): 23_441,
        ("late", False): 4_368,
        # Differences: the city calls a request without any target on time. Ours has no promise, so no verdict.
        ("no target", True): 34_348,
        # A target at the very instant of opening: ours refuses such a promise, the city calls it late.
        ("no time at all", False): 8,
    }


def test_a_forecast_is_right_as_often_as_it_says() -> None:
    """Learnt from 2018, tried on 2019: of those called "about x % late", about x % were late."""
    cases = {}
    for request in boston.requests():
        if request.target is not None and request.target > request.opened and request.opened.year in {2018, 2019}:
            cases.setdefault(request.opened.year, []).append(request)
    new_year = datetime(2019, 1, 1, tzinfo=UTC)
    known: dict[str, list[tuple[float, bool]]] = {}
    for request in cases[2018]:
        done = request.closed is not None and request.closed < new_year
        until = request.closed if done and request.closed else new_year
        known.setdefault(request.kind, []).append(((until - request.opened).total_seconds(), done))
    curves = {kind: Curve.of(seen) for kind, seen in known.items()}

    said, was, number = 0.0, 0, 0
    for request in cases[2019]:
        chance = curves[request.kind].longer(_seconds(request), given=0) if request.kind in curves else None
        if chance is not None:
            said, number = said + chance, number + 1
            was += request.closed is None or _lasted(request) > _seconds(request)
    assert number > 2_000
    assert abs(said / number - was / number) < 0.05


def _seconds(request: boston.Request) -> float:
    assert request.target is not None
    return (request.target - request.opened).total_seconds()


def _lasted(request: boston.Request) -> float:
    assert request.closed is not None
    return (request.closed - request.opened).total_seconds()
