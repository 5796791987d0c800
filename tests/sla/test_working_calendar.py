"""Working time: a table of cases with the reason beside each, properties, a slow oracle, and three process zones."""

from __future__ import annotations

import time as process_time
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.sla.calendar import WorkingCalendar
from tests.sla.office_hours import MINUTE, OFFICE, OVERRIDES, TZ, WEEKLY, local, office, slow_add, slow_between

CALENDAR = office()
NEVER_CLOSED = WorkingCalendar({day: [(time.min, "24:00")] for day in range(7)}, {}, TZ)
SATURDAY_MORNINGS = WorkingCalendar({**WEEKLY, 5: [(time(7, 30), time(11, 30))]}, OVERRIDES, TZ)
NIGHT = WorkingCalendar({0: [(time(22), time.max)], 1: [(time.min, time(6))]}, {}, TZ)

MINUTES = st.datetimes(datetime(2025, 12, 20), datetime(2026, 3, 10)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=TZ)
)
INSTANTS = st.datetimes(datetime(2025, 6, 1), datetime(2027, 6, 1), timezones=st.sampled_from([UTC, TZ]))
AMOUNTS = st.timedeltas(timedelta(microseconds=1), timedelta(days=12))

ADD_MINUTES = [
    ("2026-03-02 07:30", 1, "2026-03-02 07:31", "the first minute of a Monday"),
    ("2026-03-02 00:00", 1, "2026-03-02 07:31", "received at midnight counts from the opening"),
    ("2026-03-02 06:00", 60, "2026-03-02 08:30", "Monday 06:00 here is Sunday 23:00 in UTC: the local day counts"),
    ("2026-03-02 07:29", 1, "2026-03-02 07:31", "a minute before the opening"),
    ("2026-03-02 10:30", 60, "2026-03-02 11:30", "ends exactly at the lunch break and stays there"),
    ("2026-03-02 10:30", 61, "2026-03-02 13:01", "one minute more is after lunch"),
    ("2026-03-02 11:30", 1, "2026-03-02 13:01", "received exactly at closing counts from the next opening"),
    ("2026-03-02 12:15", 30, "2026-03-02 13:30", "received in the lunch break"),
    ("2026-03-02 11:00", 240, "2026-03-02 16:30", "across lunch: 30 minutes before, 3 h 30 after"),
    ("2026-03-02 13:00", 240, "2026-03-02 17:00", "ends exactly at closing and stays there"),
    ("2026-03-02 13:00", 241, "2026-03-03 07:31", "one minute more is the next morning"),
    ("2026-03-02 17:00", 1, "2026-03-03 07:31", "received at closing time"),
    ("2026-03-02 16:59", 2, "2026-03-03 07:31", "the last minute of the day and the first of the next"),
    ("2026-03-02 23:59", 1, "2026-03-03 07:31", "received late in the evening"),
    ("2026-03-06 16:30", 60, "2026-03-09 08:00", "Friday afternoon runs on on Monday"),
    ("2026-03-07 10:00", 60, "2026-03-09 08:30", "an ordinary Saturday is closed"),
    ("2026-03-08 10:00", 480, "2026-03-09 17:00", "received on Sunday, a whole day of eight hours"),
    ("2026-03-02 07:30", 480, "2026-03-02 17:00", "a whole day from the opening"),
    ("2026-03-02 07:30", 2400, "2026-03-06 17:00", "a whole week of forty hours"),
    ("2026-03-02 07:30", 2401, "2026-03-09 07:31", "and a minute"),
    ("2025-12-31 16:30", 240, "2026-01-05 11:00", "New Year and the swapped Friday 02/01 are off"),
    ("2026-01-09 16:30", 60, "2026-01-10 08:00", "Saturday 10/01/2026 is worked instead"),
    ("2026-01-10 16:30", 60, "2026-01-12 08:00", "after the worked Saturday comes a free Sunday"),
    ("2026-02-13 16:00", 60, "2026-02-13 17:00", "the last hour before Tết"),
    ("2026-02-13 16:00", 61, "2026-02-23 07:31", "the first minute after Tết"),
    ("2026-02-18 09:00", 30, "2026-02-23 08:00", "received during Tết"),
    ("2026-02-13 16:00", 1500, "2026-02-25 17:00", "one hour before Tết and three whole days after it"),
    ("2026-04-24 16:30", 60, "2026-04-28 08:00", "Monday 27/04 is off in lieu of Sunday's holiday"),
    ("2026-04-29 16:00", 120, "2026-05-04 08:30", "two holidays and a week-end in one gap"),
    ("2025-12-31 16:59", 1, "2025-12-31 17:00", "the last minute of the year"),
]

ADD_DAYS = [
    ("2026-02-13 16:00", 3, "2026-02-25 16:00", "Tết lies between: the check of the domain document"),
    ("2026-03-02 09:15", 1, "2026-03-03 09:15", "the same time of day on the next day"),
    ("2026-03-02 09:15", 5, "2026-03-09 09:15", "five working days are a week"),
    ("2026-03-06 16:30", 1, "2026-03-09 16:30", "Friday to Monday"),
    ("2026-03-02 06:00", 1, "2026-03-03 07:30", "received before the opening counts from 07:30"),
    ("2026-03-02 12:00", 1, "2026-03-03 13:00", "received at lunch counts from 13:00"),
    ("2026-03-02 11:30", 1, "2026-03-03 13:00", "received exactly at the lunch break too"),
    ("2026-03-02 17:00", 1, "2026-03-04 07:30", "received at closing counts from Tuesday's opening"),
    ("2026-03-07 10:00", 1, "2026-03-10 07:30", "received on Saturday counts from Monday's opening"),
    ("2026-01-08 14:00", 2, "2026-01-10 14:00", "the worked Saturday is a working day"),
    ("2026-01-08 14:00", 3, "2026-01-12 14:00", "and the Sunday after it is not"),
    ("2025-12-31 10:00", 1, "2026-01-05 10:00", "the swapped Friday is not a working day"),
    ("2026-02-18 09:00", 1, "2026-02-24 07:30", "received in Tết counts from Monday 23/02"),
    ("2026-03-02 16:59", 1, "2026-03-03 16:59", "the last minute"),
    ("2026-03-02 07:30", 1, "2026-03-03 07:30", "received exactly at the opening is in working time"),
    ("2026-03-02 08:00", 250, "2027-02-18 08:00", "fifty weeks and the three holidays of April and May"),
]

BETWEEN = [
    ("2026-03-02 07:30", "2026-03-02 17:00", 480, "a day without its lunch break"),
    ("2026-03-02 11:30", "2026-03-02 13:00", 0, "the lunch break itself"),
    ("2026-03-02 11:00", "2026-03-02 13:30", 60, "across lunch"),
    ("2026-03-02 17:00", "2026-03-03 07:30", 0, "the night"),
    ("2026-03-06 16:00", "2026-03-09 08:30", 120, "across the week-end"),
    ("2026-02-13 17:00", "2026-02-23 07:30", 0, "Tết"),
    ("2026-01-10 00:00", "2026-01-11 00:00", 480, "the worked Saturday"),
    ("2026-03-02 09:00", "2026-03-02 09:00", 0, "an instant"),
    ("2026-01-01 00:00", "2026-01-03 00:00", 0, "two days off"),
    ("2026-03-02 00:00", "2026-03-09 00:00", 2400, "a week is forty hours"),
]

IS_OPEN = [
    ("2026-03-02 07:30", True, "the opening is included"),
    ("2026-03-02 07:29", False, "a minute earlier"),
    ("2026-03-02 11:29", True, "the last minute of the morning"),
    ("2026-03-02 11:30", False, "the closing is excluded"),
    ("2026-03-02 12:59", False, "lunch"),
    ("2026-03-02 13:00", True, "the opening after lunch"),
    ("2026-03-02 17:00", False, "closing time"),
    ("2026-03-07 09:00", False, "an ordinary Saturday"),
    ("2026-01-10 09:00", True, "the worked Saturday"),
    ("2026-01-02 09:00", False, "a Friday off"),
]

NEXT_OPEN = [
    ("2026-03-02 09:00", "2026-03-02 09:00", "open already"),
    ("2026-03-02 11:30", "2026-03-02 13:00", "exactly at closing"),
    ("2026-03-06 17:00", "2026-03-09 07:30", "the week-end"),
    ("2026-02-13 17:00", "2026-02-23 07:30", "Tết"),
    ("2026-01-09 18:00", "2026-01-10 07:30", "the worked Saturday"),
]


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Kiritimati"])
def process_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process believes to be in another time zone. It must not matter."""
    monkeypatch.setenv("TZ", request.param)
    process_time.tzset()
    yield
    monkeypatch.undo()
    process_time.tzset()


@pytest.mark.parametrize(("start", "minutes", "due", "reason"), ADD_MINUTES)
def test_add(start: str, minutes: int, due: str, reason: str) -> None:
    assert CALENDAR.add(local(start), minutes * MINUTE) == local(due), reason
    assert slow_add(local(start), minutes) == local(due), f"the oracle disagrees with the table: {reason}"


@pytest.mark.parametrize(("start", "days", "due", "reason"), ADD_DAYS)
def test_add_days(start: str, days: int, due: str, reason: str) -> None:
    assert CALENDAR.add_days(local(start), days) == local(due), reason


@pytest.mark.parametrize(("start", "end", "minutes", "reason"), BETWEEN)
def test_between(start: str, end: str, minutes: int, reason: str) -> None:
    assert CALENDAR.between(local(start), local(end)) == minutes * MINUTE, reason


@pytest.mark.parametrize(("at", "expected", "reason"), IS_OPEN)
def test_is_open(at: str, expected: bool, reason: str) -> None:
    assert CALENDAR.is_open(local(at)) is expected, reason


@pytest.mark.parametrize(("at", "expected", "reason"), NEXT_OPEN)
def test_next_open(at: str, expected: str, reason: str) -> None:
    assert CALENDAR.next_open(local(at)) == local(expected), reason


@pytest.mark.usefixtures("process_zone")
def test_the_zone_of_the_process_does_not_matter() -> None:
    calendar = office()
    for start, minutes, due, reason in ADD_MINUTES:
        assert calendar.add(local(start).astimezone(UTC), minutes * MINUTE) == local(due), reason
    for start, days, due, reason in ADD_DAYS:
        assert calendar.add_days(local(start).astimezone(UTC), days) == local(due), reason
    for at, expected, reason in IS_OPEN:
        assert calendar.is_open(local(at).astimezone(UTC)) is expected, reason


# --- shapes of days -------------------------------------------------------------------------------------------------


def test_midnight_is_a_whole_minute_not_one_lost() -> None:
    start = local("2026-03-02 00:00")
    assert NEVER_CLOSED.add(start, timedelta(hours=24)) == start + timedelta(hours=24)
    assert NEVER_CLOSED.between(start, start + timedelta(days=7)) == timedelta(days=7)
    assert NEVER_CLOSED.add(local("2026-03-02 23:59"), timedelta(minutes=2)) == local("2026-03-03 00:01")


@pytest.mark.parametrize("midnight", ["24:00", time.max])
def test_both_ways_to_write_midnight(midnight: object) -> None:
    evening = WorkingCalendar({0: [(time(22), midnight)]}, {}, TZ)  # type: ignore[list-item]
    assert evening.add(local("2026-03-02 22:00"), timedelta(hours=2)) == local("2026-03-03 00:00")
    assert not evening.is_open(local("2026-03-03 00:00"))


def test_a_shift_over_midnight_is_one_piece_of_working_time() -> None:
    assert NIGHT.between(local("2026-03-02 21:00"), local("2026-03-03 07:00")) == timedelta(hours=8)
    assert NIGHT.add(local("2026-03-02 23:00"), timedelta(hours=2)) == local("2026-03-03 01:00")


def test_add_days_onto_a_day_closed_at_that_hour_takes_the_end_of_the_opening_before() -> None:
    due = SATURDAY_MORNINGS.add_days(local("2026-03-06 15:00"), 1)
    assert due == local("2026-03-07 11:30"), "Saturday afternoon is closed, its morning ends at 11:30"


def test_add_days_onto_a_day_that_opens_later_takes_its_first_opening() -> None:
    late_monday = WorkingCalendar({**WEEKLY, 0: [(time(10), time(12))]}, {}, TZ)
    assert late_monday.add_days(local("2026-03-06 08:00"), 1) == local("2026-03-09 10:00")


def test_add_days_onto_the_closing_time_stays_there() -> None:
    long_thursday = WorkingCalendar({3: [(time(7, 30), time(18))], 4: OFFICE}, {}, TZ)
    assert long_thursday.add_days(local("2026-03-05 17:00"), 1) == local("2026-03-06 17:00")


def test_microseconds_are_kept() -> None:
    start = local("2026-03-02 09:00") + timedelta(microseconds=123_457)
    assert CALENDAR.add(start, timedelta(hours=1)) == start + timedelta(hours=1)
    assert CALENDAR.add_days(start, 1) == start + timedelta(days=1)
    assert CALENDAR.between(start, start + timedelta(microseconds=1)) == timedelta(microseconds=1)


def test_results_are_aware_and_in_the_zone_of_the_calendar() -> None:
    due = CALENDAR.add(datetime(2026, 3, 2, 1, 0, tzinfo=UTC), timedelta(hours=1))
    assert due.utcoffset() == timedelta(hours=7)
    assert (due.hour, due.minute) == (9, 0)


def test_any_zone_of_the_caller_means_the_same_instant() -> None:
    start = local("2026-03-02 06:00")
    odd = timezone(timedelta(hours=-9, minutes=-30))
    assert CALENDAR.add(start.astimezone(odd), timedelta(hours=1)) == CALENDAR.add(start, timedelta(hours=1))


def test_a_change_of_the_clocks_counts_real_hours() -> None:
    berlin = WorkingCalendar({6: [(time(0), "24:00")]}, {}, "Europe/Berlin")
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    for day, hours in ((spring, 23), (autumn, 25)):
        start = datetime.combine(day, time.min, ZoneInfo("Europe/Berlin"))
        assert berlin.between(start, start + timedelta(days=1)) == timedelta(hours=hours)


def test_order_of_questions_does_not_change_the_answers() -> None:
    """Tables grow on demand: asking about far years first must not move near ones."""
    fresh = office()
    assert fresh.between(local("2019-01-01 00:00"), local("2019-01-08 00:00")) == timedelta(hours=40)
    fresh.add(local("2031-03-03 08:00"), timedelta(hours=900))
    assert fresh.add_days(local("2026-02-13 16:00"), 3) == local("2026-02-25 16:00")
    assert fresh.between(local("2025-12-31 16:30"), local("2026-01-05 11:00")) == timedelta(hours=4)


def test_touching_openings_are_one() -> None:
    split = WorkingCalendar({0: [(time(10), time(12)), (time(8), time(10))]}, {}, TZ)
    assert split.is_open(local("2026-03-02 10:00"))
    assert list(split.intervals_on(date(2026, 3, 2))) == [(time(8), time(12))]


# --- hours that change ----------------------------------------------------------------------------------------------

#: From Wednesday 04/03/2026 on open from 08:00 to 12:00 only, from Monday 09/03 on as before.
CHANGING = WorkingCalendar(
    WEEKLY,
    {date(2026, 3, 5): OFFICE},
    TZ,
    [(date(2026, 3, 9), WEEKLY), (date(2026, 3, 4), {day: [(time(8), time(12))] for day in range(5)})],
)


@pytest.mark.parametrize(
    ("start", "minutes", "due", "reason"),
    [
        ("2026-03-03 16:30", 60, "2026-03-04 08:30", "half an hour by the old hours, half an hour by the new ones"),
        ("2026-03-04 07:30", 1, "2026-03-04 08:01", "the first day of the new hours opens at eight"),
        ("2026-03-04 13:00", 30, "2026-03-05 08:00", "a date set apart outweighs the week that holds then"),
        ("2026-03-06 11:30", 60, "2026-03-09 08:00", "half an hour on Friday, then the old hours hold again"),
        ("2026-03-02 07:30", 960, "2026-03-03 17:00", "what lies before a change is not touched by it"),
    ],
)
def test_hours_that_change_on_a_date(start: str, minutes: int, due: str, reason: str) -> None:
    assert CHANGING.add(local(start), minutes * MINUTE) == local(due), reason
    assert CHANGING.between(local(start), local(due)) == minutes * MINUTE, reason


def test_days_are_counted_across_a_change_of_hours() -> None:
    assert CHANGING.add_days(local("2026-03-03 15:00"), 1) == local("2026-03-04 12:00"), "closed then: its last closing"
    assert CHANGING.add_days(local("2026-03-03 15:00"), 4) == local("2026-03-09 15:00")


# --- refusals ---------------------------------------------------------------------------------------------------------

NAIVE = datetime(2026, 3, 2, 9, 0)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: CALENDAR.add(NAIVE, MINUTE), "naive start"),
        (lambda: CALENDAR.add_days(NAIVE, 1), "naive start of days"),
        (lambda: CALENDAR.between(NAIVE, local("2026-03-02 10:00")), "naive begin"),
        (lambda: CALENDAR.between(local("2026-03-02 08:00"), NAIVE), "naive end"),
        (lambda: CALENDAR.is_open(NAIVE), "naive question"),
        (lambda: CALENDAR.next_open(NAIVE), "naive question"),
        (lambda: CALENDAR.add(local("2026-03-02 09:00"), timedelta(0)), "zero working time"),
        (lambda: CALENDAR.add(local("2026-03-02 09:00"), -MINUTE), "negative working time"),
        (lambda: CALENDAR.add_days(local("2026-03-02 09:00"), 0), "zero days"),
        (lambda: CALENDAR.add_days(local("2026-03-02 09:00"), -1), "negative days"),
        (lambda: CALENDAR.between(local("2026-03-02 09:00"), local("2026-03-02 08:59")), "end before start"),
        (lambda: WorkingCalendar({7: OFFICE}, {}, TZ), "an eighth day of the week"),
        (lambda: WorkingCalendar({0: [(time(9), time(9))]}, {}, TZ), "an opening without length"),
        (lambda: WorkingCalendar({0: [(time(9), time(8))]}, {}, TZ), "an opening that ends before it starts"),
        (lambda: WorkingCalendar({0: [(time(8), time(10)), (time(9), time(11))]}, {}, TZ), "overlapping openings"),
        (lambda: WorkingCalendar({0: [(time(8, tzinfo=UTC), time(10))]}, {}, TZ), "a time with a zone"),
        (lambda: WorkingCalendar({0: [("25:00", "26:00")]}, {}, TZ), "no such hour"),
    ],
)
def test_refusals(call: object, reason: str) -> None:
    with pytest.raises(ValueError):
        call()  # type: ignore[operator]
        pytest.fail(reason)


@pytest.mark.parametrize("overrides", [{}, {date(2030, 1, 7): OFFICE}], ids=["never", "once, four years later"])
def test_a_calendar_that_does_not_open_is_an_error_and_no_endless_loop(overrides: dict) -> None:
    closed = WorkingCalendar({}, overrides, TZ)
    start = local("2026-03-02 09:00")
    for question in (
        lambda: closed.add(start, MINUTE),
        lambda: closed.add_days(start, 1),
        lambda: closed.next_open(start),
    ):
        with pytest.raises(ValueError, match="no opening within two years"):
            question()


def test_a_calendar_that_stops_opening_is_an_error() -> None:
    two_days = WorkingCalendar({}, {date(2026, 3, 2): OFFICE, date(2029, 3, 2): OFFICE}, TZ)
    start = local("2026-03-02 07:30")
    assert two_days.add(start, timedelta(hours=8)) == local("2026-03-02 17:00")
    with pytest.raises(ValueError, match="no opening within two years"):
        two_days.add(start, timedelta(hours=9))
    with pytest.raises(ValueError, match="no opening within two years"):
        two_days.add_days(start, 1)


def test_between_on_a_calendar_without_any_opening_is_an_error() -> None:
    with pytest.raises(ValueError, match="no opening"):
        WorkingCalendar({}, {}, TZ).between(local("2026-03-02 09:00"), local("2026-03-02 10:00"))


# --- properties -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(MINUTES, st.integers(1, 3000))
def test_add_agrees_with_the_oracle(start: datetime, minutes: int) -> None:
    assert CALENDAR.add(start, minutes * MINUTE) == slow_add(start, minutes)


@settings(max_examples=60, deadline=None)
@given(MINUTES, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_between_agrees_with_the_oracle(start: datetime, length: timedelta) -> None:
    end = start + length // MINUTE * MINUTE
    assert CALENDAR.between(start, end) == slow_between(start, end) * MINUTE


@given(INSTANTS, AMOUNTS)
def test_adding_then_measuring_gives_the_amount(start: datetime, amount: timedelta) -> None:
    assert CALENDAR.between(start, CALENDAR.add(start, amount)) == amount


@given(INSTANTS, INSTANTS, AMOUNTS)
def test_a_later_start_is_never_due_earlier(a: datetime, b: datetime, amount: timedelta) -> None:
    first, second = sorted((a, b))
    assert CALENDAR.add(first, amount) <= CALENDAR.add(second, amount)


@given(INSTANTS, INSTANTS, st.integers(1, 40))
def test_a_later_start_is_never_due_earlier_in_days(a: datetime, b: datetime, days: int) -> None:
    first, second = sorted((a, b))
    assert CALENDAR.add_days(first, days) <= CALENDAR.add_days(second, days)


@given(INSTANTS, AMOUNTS, AMOUNTS)
def test_adding_in_two_steps_is_adding_once(start: datetime, first: timedelta, second: timedelta) -> None:
    assert CALENDAR.add(CALENDAR.add(start, first), second) == CALENDAR.add(start, first + second)


@given(st.lists(INSTANTS, min_size=3, max_size=3))
def test_measuring_in_two_steps_is_measuring_once(instants: list[datetime]) -> None:
    a, b, c = sorted(instants)
    assert CALENDAR.between(a, b) + CALENDAR.between(b, c) == CALENDAR.between(a, c)


@given(INSTANTS)
def test_the_next_opening_is_open_and_nothing_is_worked_before_it(at: datetime) -> None:
    opening = CALENDAR.next_open(at)
    assert CALENDAR.is_open(opening)
    assert CALENDAR.between(at, opening) == timedelta(0)
