"""Spans of local days: what is compared with what, and how days are gathered into weeks and months. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

_DAY = timedelta(days=1)
#: Nobody reads a chart of more days, and no address makes the database work longer.
LONGEST = 366 * 5


class Grain(StrEnum):
    """What days are gathered into. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last local day, both included. Raises ValueError when that is none or too long."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("the last day is before the first")
        if self.days > LONGEST:
            raise ValueError("at most five years")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days just before."""
        return Period(self.first - self.days * _DAY, self.first - _DAY)

    @property
    def year_before(self) -> Period:
        """The same weeks of the year before: 52 weeks ago, so that weekdays match."""
        return Period(self.first - 364 * _DAY, self.last - 364 * _DAY)

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """When it begins, and the first instant that is no longer in it."""
        return datetime.combine(self.first, time.min, zone), datetime.combine(self.last + _DAY, time.min, zone)

    def starts(self, grain: Grain) -> list[date]:
        """The first days of its days, weeks or months; the first of them may lie before the period."""
        return sorted({start_of(day, grain) for day in self})

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + number * _DAY for number in range(self.days))


def last_days(number: int, today: date) -> Period:
    """The last days, today included."""
    return Period(today - (number - 1) * _DAY, today)


def quarter(today: date) -> Period:
    """The quarter of the year so far."""
    return Period(date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), today)


def weeks(number: int, today: date) -> Period:
    """The last whole weeks and the present one, `number` in all."""
    return Period(start_of(today, Grain.WEEK) - (number - 1) * 7 * _DAY, today)


def start_of(day: date, grain: Grain) -> date:
    """The first day of the day's week or month."""
    if grain is Grain.WEEK:
        return day - day.weekday() * _DAY
    return day.replace(day=1) if grain is Grain.MONTH else day
