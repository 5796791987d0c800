"""Waiting times between attempts."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from inbox.outbox.backoff import FIRST, LONGEST, wait_before


@pytest.mark.parametrize(
    ("attempt", "least"),
    [
        (1, timedelta(0)),
        (2, FIRST),
        (3, FIRST * 2),
        (6, FIRST * 16),
        (9, LONGEST),
        (1000, LONGEST),  # no overflow, no growth without end
    ],
)
def test_doubles_up_to_a_limit_with_a_quarter_of_jitter(attempt: int, least: timedelta) -> None:
    for seed in range(20):
        wait = wait_before(attempt, rng=random.Random(seed))
        assert least <= wait <= least * 1.25


def test_what_the_source_asks_for_is_a_lower_bound() -> None:
    assert wait_before(2, asked=timedelta(hours=3)) == timedelta(hours=3)
    assert wait_before(1, asked=timedelta(seconds=7)) == timedelta(seconds=7)
    assert wait_before(9, asked=timedelta(seconds=1)) >= LONGEST


def test_two_messages_do_not_come_back_at_the_same_moment() -> None:
    assert len({wait_before(5, rng=random.Random(seed)) for seed in range(50)}) > 45
