"""Lengths and times as officials write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from inbox.web import moments

NOW = datetime(2026, 11, 23, 3, 42, tzinfo=UTC)  # Monday 10:42 in the city


@pytest.mark.parametrize(
    ("amount", "working", "words"),
    [
        (timedelta(minutes=42), True, "42p"),
        (timedelta(hours=3, minutes=58), True, "3g 58p"),
        (timedelta(hours=4, minutes=8), True, "4g 08p"),
        (timedelta(hours=4), True, "4g"),
        (timedelta(hours=8), True, "1 ngày"),  # a day at the desk has eight hours
        (timedelta(hours=11), True, "1 ngày 3g"),
        (timedelta(hours=11), False, "11g"),  # round the clock it has 24
        (timedelta(hours=-3, minutes=-12), True, "3g 12p"),  # the sign is said by the words around it
        (timedelta(seconds=59), True, "0p"),
    ],
)
def test_lengths(amount: timedelta, working: bool, words: str) -> None:
    with translation.override("vi"):
        assert moments.length(amount, working=working) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 23, 9, 10, tzinfo=UTC), "16:10"),  # today has no date
        (datetime(2026, 11, 25, 9, 10, tzinfo=UTC), "16:10 T4 25/11"),
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), "00:00"),  # today begins at local midnight
        (datetime(2027, 1, 4, 1, 0, tzinfo=UTC), "08:00 T2 04/01/2027"),
    ],
)
def test_times(at: datetime, words: str) -> None:
    with translation.override("vi"):
        assert moments.short(at, now=NOW) == words
