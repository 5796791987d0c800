"""The months and weeks that reports are about: their names in addresses, in words, and what they are compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from inbox.core.errors import Invalid
from inbox.dashboards.periods import Grain, Period, start_of

_MONTH, _WEEK = re.compile(r"(\d{4})-(\d{2})"), re.compile(r"(\d{4})-W(\d{2})")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportSpan:
    """One whole month or week. `code`: "2026-10" or "2026-W45"."""

    period: Period
    grain: Grain

    @property
    def code(self) -> str:
        first = self.period.first
        if self.grain is Grain.MONTH:
            return f"{first:%Y-%m}"
        year, week, _day = first.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def words(self) -> str:
        """ "tháng 10 năm 2026", "tuần 45 năm 2026"."""
        if self.grain is Grain.MONTH:
            return f"tháng {self.period.first:%m} năm {self.period.first:%Y}"
        year, week, _day = self.period.first.isocalendar()
        return f"tuần {week:02} năm {year}"

    @property
    def days_in_words(self) -> str:
        """ "từ 01/10/2026 đến 31/10/2026"."""
        return f"từ {self.period.first:%d/%m/%Y} đến {self.period.last:%d/%m/%Y}"

    @property
    def before(self) -> ReportSpan:
        """The month or week before."""
        return span_around(self.period.first - _DAY, self.grain)

    @property
    def year_before(self) -> Period:
        """The same month, or the same week, of the year before."""
        if self.grain is Grain.WEEK:
            return self.period.year_before
        return span_around(self.period.first.replace(year=self.period.first.year - 1), Grain.MONTH).period


def span_around(day: date, grain: Grain) -> ReportSpan:
    """The month or week that a day lies in."""
    first = start_of(day, grain)
    following = first + 7 * _DAY if grain is Grain.WEEK else (first + 32 * _DAY).replace(day=1)
    return ReportSpan(Period(first, following - _DAY), grain)


def last_whole(at: datetime, grain: Grain) -> ReportSpan:
    """The last month or week that is over, in local time."""
    return span_around(start_of(timezone.localdate(at), grain) - _DAY, grain)


def span_of(code: str, at: datetime) -> ReportSpan:
    """The span behind a code; one that has not ended counts until now. Raises Invalid."""
    try:
        if found := _MONTH.fullmatch(code):
            span = span_around(date(int(found[1]), int(found[2]), 1), Grain.MONTH)
        elif found := _WEEK.fullmatch(code):
            span = span_around(date.fromisocalendar(int(found[1]), int(found[2]), 1), Grain.WEEK)
        else:
            raise ValueError
        if not date(2000, 1, 1) <= span.period.first <= timezone.localdate(at):
            raise ValueError
    except (ValueError, OverflowError):
        raise Invalid("Not a month or week that has begun", field="span") from None
    return span
