"""How often new complaints come, by the hour of the week, and when a silence is longer than chance explains. Pure.

Complaints of different citizens come independently of each other, so an hour in which r usually come stays empty with
probability exp(-r). A silence over several hours in which n would usually have come has probability exp(-n).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

HOURS = 7 * 24
#: Silence in which so many would usually have come is no chance any more: once in a thousand times.
UNUSUAL = 6.9
_HOUR = timedelta(hours=1)
#: Nobody needs to know how unusual a longer silence is.
_LONGEST = timedelta(days=15)


def hour_of_week(local: datetime) -> int:
    """0 for Monday's first hour, 167 for Sunday's last."""
    return local.weekday() * 24 + local.hour


def learn(counts: Mapping[int, int], *, weeks: int) -> list[float]:
    """From complaints per hour of the week in so many whole weeks to complaints an hour; [] when there were too few."""
    if weeks < 2 or sum(counts.values()) < HOURS // 7:
        return []
    return [round(counts.get(hour, 0) / weeks, 3) for hour in range(HOURS)]


def expected(rhythm: Sequence[float], begin: datetime, end: datetime, *, tz: tzinfo) -> float:
    """How many complaints usually come between two instants; 0 while nothing has been learned."""
    if len(rhythm) != HOURS or end <= begin:
        return 0.0
    begin = max(begin, end - _LONGEST)
    total, at = 0.0, begin
    while at < end:
        local = at.astimezone(tz)
        next_hour = at + _HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        until = min(next_hour, end)
        total += rhythm[hour_of_week(local)] * ((until - at) / _HOUR)
        at = until
    return total


def is_unusual(rhythm: Sequence[float], since: datetime, now: datetime, *, tz: tzinfo) -> bool:
    """Whether nothing since `since` is more than chance."""
    return expected(rhythm, since, now, tz=tz) >= UNUSUAL
