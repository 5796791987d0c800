"""When a silence is longer than chance explains: arithmetic on an hourly rhythm."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from inbox.sources.rhythm import HOURS, UNUSUAL, expected, hour_of_week, is_unusual, learn

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
#: Ten an hour on weekdays from 8 to 17, one an hour else.
OFFICE = [10.0 if hour // 24 < 5 and 8 <= hour % 24 < 17 else 1.0 for hour in range(HOURS)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


@pytest.mark.parametrize(
    ("begin", "end", "wanted", "why"),
    [
        ("2026-11-16T09:00", "2026-11-16T10:00", 10.0, "a Monday hour"),
        ("2026-11-16T07:30", "2026-11-16T08:30", 5.5, "half an hour of each"),
        ("2026-11-15T23:00", "2026-11-16T00:30", 1.5, "over midnight, from Sunday to Monday"),
        ("2026-11-16T10:00", "2026-11-16T10:00", 0.0, "no time at all"),
        ("2026-11-16T10:00", "2026-11-16T09:00", 0.0, "the wrong way round"),
        ("2026-11-09T00:00", "2026-11-16T00:00", sum(OFFICE), "a whole week"),
    ],
)
def test_how_many_usually_come(begin: str, end: str, wanted: float, why: str) -> None:
    assert expected(OFFICE, at(begin), at(end), tz=HERE) == pytest.approx(wanted), why


@pytest.mark.parametrize(
    ("begin", "end", "unusual", "why"),
    [
        ("2026-11-16T09:00", "2026-11-16T09:40", False, "6.7 in forty busy minutes"),
        ("2026-11-16T09:00", "2026-11-16T09:45", True, "7.5 in three quarters of an hour"),
        ("2026-11-14T20:00", "2026-11-15T02:00", False, "six quiet hours at the weekend"),
        ("2026-11-14T20:00", "2026-11-15T03:00", True, "seven of them"),
    ],
)
def test_the_same_silence_is_usual_at_night_and_not_by_day(begin: str, end: str, unusual: bool, why: str) -> None:
    assert is_unusual(OFFICE, at(begin), at(end), tz=HERE) is unusual, why
    assert not is_unusual([], at(begin), at(end), tz=HERE), "nothing learned, nothing unusual"


def test_hours_are_counted_from_monday() -> None:
    assert hour_of_week(at("2026-11-16T00:59")) == 0
    assert hour_of_week(at("2026-11-22T23:00")) == 167


def test_too_little_teaches_nothing() -> None:
    plenty = dict.fromkeys(range(HOURS), 8)
    assert learn(plenty, weeks=8) == [1.0] * HOURS
    assert learn(plenty, weeks=1) == [], "one week may have been a holiday"
    assert learn({3: 5}, weeks=8) == []


def test_it_takes_a_thousandth_to_be_unusual() -> None:
    assert 0.0009 < 2.718281828**-UNUSUAL < 0.0011
    assert expected(OFFICE, at("2020-01-01T00:00"), at("2026-11-16T00:00"), tz=HERE) <= 15 / 7 * sum(OFFICE) + 10
