"""From the moment a citizen writes to both deadlines, by the policies and the calendar that ship.

A table worked out by hand with the reason beside each row, and 10,000 random promises against an oracle that walks
through every minute of three years. The oracle reads the published list of days itself and shares no code with ours.
"""

from __future__ import annotations

import csv
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from inbox.sla.clock import Clock, Pause, WorkingDays
from inbox.sla.models import TargetUnit
from inbox.sla.queries import Calendars
from inbox.sla.seed import DATA
from tests.sla.office_hours import TZ, local
from tests.sla.tickets import make_ticket

PORTAL, HOTLINE, APP, URGENT = "national_portal", "hotline_1022", "district_app", "urgent"
# portal: accept 5, resolve 15 working days · hotline: 4 working hours, 10 calendar days
# app: 2 working hours, 3 working days · urgent: 30 minutes, 24 hours, round the clock

CASES = [
    # --- an ordinary week, 02/03 to 06/03/2026
    (APP, "2026-03-02 07:30", "2026-03-02 09:30", "2026-03-05 07:30", "at the opening of a Monday"),
    (APP, "2026-03-02 07:29", "2026-03-02 09:30", "2026-03-05 07:30", "a minute early is the same as the opening"),
    (APP, "2026-03-02 10:00", "2026-03-02 13:30", "2026-03-05 10:00", "two hours, of which half an hour after lunch"),
    (APP, "2026-03-02 11:30", "2026-03-02 15:00", "2026-03-05 13:00", "at the lunch break: counts from 13:00"),
    (APP, "2026-03-02 12:59", "2026-03-02 15:00", "2026-03-05 13:00", "the last minute of lunch"),
    (APP, "2026-03-02 13:00", "2026-03-02 15:00", "2026-03-05 13:00", "the first minute after lunch"),
    (APP, "2026-03-02 15:00", "2026-03-02 17:00", "2026-03-05 15:00", "used up exactly at closing, and due then"),
    (APP, "2026-03-02 15:01", "2026-03-03 07:31", "2026-03-05 15:01", "one minute is left for Tuesday"),
    (APP, "2026-03-02 17:00", "2026-03-03 09:30", "2026-03-06 07:30", "at closing: counts from Tuesday"),
    (APP, "2026-03-02 23:59", "2026-03-03 09:30", "2026-03-06 07:30", "late at night"),
    (APP, "2026-03-06 16:00", "2026-03-09 08:30", "2026-03-11 16:00", "an hour on Friday, an hour on Monday"),
    (APP, "2026-03-06 17:00", "2026-03-09 09:30", "2026-03-12 07:30", "Friday at closing is Monday"),
    (APP, "2026-03-07 09:00", "2026-03-09 09:30", "2026-03-12 07:30", "Saturday"),
    (APP, "2026-03-08 23:59", "2026-03-09 09:30", "2026-03-12 07:30", "the last minute of Sunday"),
    (HOTLINE, "2026-03-02 07:30", "2026-03-02 11:30", "2026-03-12 07:30", "a whole morning"),
    (HOTLINE, "2026-03-02 09:00", "2026-03-02 14:30", "2026-03-12 09:00", "two and a half hours, then one and a half"),
    (HOTLINE, "2026-03-06 15:00", "2026-03-09 09:30", "2026-03-16 15:00", "days of the calendar know no week-end"),
    (HOTLINE, "2026-03-07 09:00", "2026-03-09 11:30", "2026-03-17 09:00", "and begin on a Saturday too"),
    (HOTLINE, "2026-03-02 22:00", "2026-03-03 11:30", "2026-03-12 22:00", "and at night"),
    (PORTAL, "2026-03-02 09:00", "2026-03-09 09:00", "2026-03-23 09:00", "five days are a week, fifteen are three"),
    (PORTAL, "2026-03-06 16:30", "2026-03-13 16:30", "2026-03-27 16:30", "the same time of day"),
    (PORTAL, "2026-03-07 09:00", "2026-03-16 07:30", "2026-03-30 07:30", "Saturday counts from Monday's opening"),
    (PORTAL, "2026-03-02 12:15", "2026-03-09 13:00", "2026-03-23 13:00", "lunch counts from 13:00"),
    # --- urgent, round the clock
    (URGENT, "2026-03-02 09:00", "2026-03-02 09:30", "2026-03-03 09:00", "half an hour and a day"),
    (URGENT, "2026-03-07 23:45", "2026-03-08 00:15", "2026-03-08 23:45", "Saturday at midnight"),
    (URGENT, "2026-02-16 22:00", "2026-02-16 22:30", "2026-02-17 22:00", "Tết's eve: a live wire does not wait"),
    (URGENT, "2024-02-28 12:00", "2024-02-28 12:30", "2024-02-29 12:00", "into the leap day"),
    (URGENT, "2024-02-29 12:00", "2024-02-29 12:30", "2024-03-01 12:00", "out of the leap day"),
    (URGENT, "2025-12-31 23:50", "2026-01-01 00:20", "2026-01-01 23:50", "across the new year"),
    # --- the leap day is an ordinary Thursday
    (APP, "2024-02-28 16:00", "2024-02-29 08:30", "2024-03-04 16:00", "29/02 is worked; the week-end is not"),
    (HOTLINE, "2024-02-20 10:00", "2024-02-20 15:30", "2024-03-01 10:00", "ten days with 29/02 among them"),
    (HOTLINE, "2025-02-20 10:00", "2025-02-20 15:30", "2025-03-02 10:00", "the same a year later without it"),
    # --- Tết 2024: Thu 08/02 to Wed 14/02
    (APP, "2024-02-07 16:00", "2024-02-15 08:30", "2024-02-19 16:00", "an hour before Tết; 15, 16 and 19 are the days"),
    (PORTAL, "2024-02-07 10:00", "2024-02-21 10:00", "2024-03-06 10:00", "15, 16, 19, 20, 21 and two weeks on"),
    (APP, "2024-02-10 10:00", "2024-02-15 09:30", "2024-02-20 07:30", "on the first day of the year of the Dragon"),
    # --- Tết 2025: Mon 27/01 to Fri 31/01
    (APP, "2025-01-24 15:30", "2025-02-03 08:00", "2025-02-05 15:30", "an hour and a half before Tết"),
    (APP, "2025-01-29 08:00", "2025-02-03 09:30", "2025-02-06 07:30", "on the first day"),
    (HOTLINE, "2025-01-24 15:30", "2025-02-03 10:00", "2025-02-03 15:30", "calendar days run through Tết"),
    (PORTAL, "2025-01-24 10:00", "2025-02-07 10:00", "2025-02-21 10:00", "five days after it, ten more"),
    # --- Tết 2026: Mon 16/02 to Fri 20/02
    (APP, "2026-02-13 16:00", "2026-02-23 08:30", "2026-02-25 16:00", "the check of the domain document"),
    (APP, "2026-02-13 17:00", "2026-02-23 09:30", "2026-02-26 07:30", "as the offices close for Tết"),
    (HOTLINE, "2026-02-13 16:00", "2026-02-23 10:30", "2026-02-23 16:00", "one hour before, three after"),
    (PORTAL, "2026-02-12 09:00", "2026-02-26 09:00", "2026-03-12 09:00", "13, 23, 24, 25, 26, then two weeks"),
    # --- days swapped
    (APP, "2024-04-26 16:00", "2024-05-02 08:30", "2024-05-04 16:00", "29/04 off, Saturday 04/05 worked for it"),
    (APP, "2024-05-03 16:30", "2024-05-04 09:00", "2024-05-07 16:30", "Friday runs on on the worked Saturday"),
    (APP, "2025-04-25 16:30", "2025-04-26 09:00", "2025-04-29 16:30", "Saturday 26/04/2025 is worked"),
    (APP, "2025-04-29 16:00", "2025-05-05 08:30", "2025-05-07 16:00", "30/04, 01/05 and the swapped 02/05"),
    (APP, "2025-12-31 16:00", "2026-01-05 08:30", "2026-01-07 16:00", "01/01 and the swapped 02/01"),
    (APP, "2026-01-08 16:00", "2026-01-09 08:30", "2026-01-12 16:00", "9, worked Saturday 10, Monday 12"),
    (APP, "2026-01-10 16:00", "2026-01-12 08:30", "2026-01-14 16:00", "from a worked Saturday"),
    (APP, "2026-01-11 10:00", "2026-01-12 09:30", "2026-01-15 07:30", "the Sunday after it is free"),
    (APP, "2026-08-21 16:00", "2026-08-22 08:30", "2026-08-25 16:00", "Saturday 22/08 worked, then Monday, Tuesday"),
    (APP, "2026-08-28 16:00", "2026-09-03 08:30", "2026-09-07 16:00", "31/08, 01/09, 02/09 off: 3, 4 and 7"),
    (PORTAL, "2026-08-28 16:00", "2026-09-09 16:00", "2026-09-23 16:00", "3, 4, 7, 8, 9, then two weeks"),
    # --- single days off
    (APP, "2024-04-17 16:00", "2024-04-19 08:30", "2024-04-23 16:00", "the Hùng Kings' day, a Thursday"),
    (APP, "2025-04-04 16:00", "2025-04-08 08:30", "2025-04-10 16:00", "the same day in 2025, a Monday"),
    (
        APP,
        "2026-04-24 16:00",
        "2026-04-28 08:30",
        "2026-05-04 16:00",
        "27/04 in lieu; 30/04 and 01/05 off",
    ),
    (APP, "2025-08-29 16:00", "2025-09-03 08:30", "2025-09-05 16:00", "01/09 and 02/09"),
    (APP, "2024-08-30 16:00", "2024-09-04 08:30", "2024-09-06 16:00", "02/09 and 03/09"),
    (APP, "2026-11-23 16:00", "2026-11-25 08:30", "2026-11-27 16:00", "24/11 is off until somebody decides"),
    (HOTLINE, "2026-11-23 16:00", "2026-11-25 10:30", "2026-12-03 16:00", "an hour on Monday, three on Wednesday"),
    (APP, "2026-12-31 16:00", "2027-01-04 08:30", "2027-01-06 16:00", "New Year 2027, foreseen and to be confirmed"),
]


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(("policy", "sent", "accept", "resolve", "reason"), CASES)
def test_both_deadlines(policy: str, sent: str, accept: str, resolve: str, reason: str) -> None:
    ticket = make_ticket(
        local(sent),
        connector=HOTLINE if policy == URGENT else policy,
        urgency="urgent" if policy == URGENT else "normal",
    )
    dues = {row.kind: row.due_at for row in ticket.clocks.all()}
    assert dues == {"accept": local(accept), "resolve": local(resolve)}, reason


# --- The oracle -------------------------------------------------------------------------------------------------------

FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
MINUTE = timedelta(minutes=1)
HOURS = [*range(7 * 60 + 30, 11 * 60 + 30), *range(13 * 60, 17 * 60)]


class Oracle:
    """Every minute of three years, marked as worked or not."""

    def __init__(self) -> None:
        with (Path(DATA) / "vn_public_sector_2024_2026.csv").open(encoding="utf-8", newline="") as file:
            kinds = {row["date"]: row["kind"] for row in csv.DictReader(file)}
        self.worked: list[bool] = []
        day = FIRST
        while day <= LAST:
            kind = kinds.get(day.isoformat(), "working" if day.weekday() < 5 else "off")
            minutes = [False] * 1440
            if kind == "working":
                for minute in HOURS:
                    minutes[minute] = True
            self.worked += minutes
            day += timedelta(days=1)

    def due(self, start: int, minutes: int, paused: set[int], *, always: bool) -> int:
        """Walk from `start` until so many minutes have counted; the minute after the last one."""
        at = start
        while minutes:
            if (always or self.worked[at]) and at not in paused:
                minutes -= 1
            at += 1
        return at

    def due_in_days(self, start: int, days: int, extension: int, pauses: list[tuple[int, int]]) -> int:
        """The same minute so many worked days on; extension and pauses are worked minutes more."""
        while not self.worked[start]:
            start += 1
        day, minute = divmod(start, 1440)
        while days:
            day += 1
            days -= any(self.worked[day * 1440 : (day + 1) * 1440])
        due = self.due(day * 1440 + minute, extension, set(), always=False)
        for begin, end in pauses:
            if begin < due:
                due = self.due(due, sum(self.worked[begin:end]), set(), always=False)
        return due


def _at(minute: int) -> datetime:
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=TZ) + minute * MINUTE


def _random_pauses(rng: random.Random, start: int) -> list[tuple[int, int]]:
    spans = []
    at = start
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        at += rng.randrange(0, 4000)
        end = at + rng.randrange(0, 6000)
        spans.append((at, end))
        at = end
    return spans


@pytest.mark.usefixtures("city")
def test_random_promises_in_working_days_agree_with_the_oracle() -> None:
    oracle, rng, calendars = Oracle(), random.Random(20261124), Calendars()
    office = calendars.office_of(())
    assert office is not None
    reach = len(oracle.worked) - 120 * 1440
    for _ in range(2_000):
        start, days = rng.randrange(reach), rng.randrange(1, 30)
        spans, extension = _random_pauses(rng, start), rng.choice((0, 0, rng.randrange(1, 900)))
        pauses: list[Pause] = [(_at(begin), _at(end)) for begin, end in spans]
        clock = Clock(office, WorkingDays(days), _at(start), pauses, None, extension * MINUTE)
        assert clock.due_at == _at(oracle.due_in_days(start, days, extension, spans)), (start, days, extension, spans)


@pytest.mark.usefixtures("city")
def test_ten_thousand_random_promises_agree_with_the_oracle() -> None:
    oracle, rng, calendars = Oracle(), random.Random(20261123), Calendars()
    assert calendars.default_id is not None
    office = calendars.working(calendars.default_id)
    never_closed = calendars.counting(calendars.default_id, TargetUnit.HOURS)
    reach = len(oracle.worked) - 120 * 1440
    for _ in range(10_000):
        start, minutes = rng.randrange(reach), rng.randrange(1, 2400)
        spans, always = _random_pauses(rng, start), rng.random() < 0.2
        extension = rng.choice((0, 0, 0, rng.randrange(1, 900)))
        pauses: list[Pause] = [(_at(begin), _at(end)) for begin, end in spans]
        clock = Clock(
            never_closed if always else office, minutes * MINUTE, _at(start), pauses, None, extension * MINUTE
        )
        # A pause counts only when it begins before the time is used up: those before it have moved that moment.
        paused: set[int] = set()
        for begin, end in spans:
            if begin < oracle.due(start, minutes + extension, paused, always=always):
                paused |= set(range(begin, end))
        wanted = oracle.due(start, minutes + extension, paused, always=always)
        assert clock.due_at == _at(wanted), (start, minutes, extension, spans, always)
