"""The calendar that the time tests share, and a slow oracle that steps through it minute by minute."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inbox.sla.calendar import WorkingCalendar

TZ = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE = [(time(7, 30), time(11, 30)), (time(13, 0), time(17, 0))]
WEEKLY = dict.fromkeys(range(5), OFFICE)
TET = [date(2026, 2, 16) + timedelta(days=n) for n in range(5)]
OFF = [date(2026, 1, 1), date(2026, 1, 2), *TET, date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1)]
WORKED_SATURDAY = date(2026, 1, 10)
OVERRIDES = {**{day: [] for day in OFF}, WORKED_SATURDAY: OFFICE}

MINUTE = timedelta(minutes=1)


def office() -> WorkingCalendar:
    """Mon–Fri 07:30–11:30 and 13:00–17:00 with the first holidays of 2026 and one Saturday worked."""
    return WorkingCalendar(WEEKLY, OVERRIDES, TZ)


def local(text: str) -> datetime:
    """An instant written as "2026-02-13 16:00" in Ho Chi Minh City."""
    return datetime.fromisoformat(text).replace(tzinfo=TZ)


def slow_is_open(at: datetime) -> bool:
    """Whether the minute that starts at `at` is worked; knows the rules, shares no code with the calendar."""
    wall = at.astimezone(TZ)
    if wall.date() in OFF or (wall.weekday() > 4 and wall.date() != WORKED_SATURDAY):
        return False
    minute = wall.hour * 60 + wall.minute
    return 450 <= minute < 690 or 780 <= minute < 1020


def slow_add(start: datetime, minutes: int) -> datetime:
    """The end of the last of `minutes` worked minutes from `start` on."""
    while minutes:
        if slow_is_open(start):
            minutes -= 1
        start += MINUTE
    return start


def slow_between(start: datetime, end: datetime) -> int:
    """How many minutes from `start` to `end` are worked."""
    worked = 0
    while start < end:
        worked += slow_is_open(start)
        start += MINUTE
    return worked
