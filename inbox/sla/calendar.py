"""Working time: when is an office open, and what instant lies so much working time after another. Pure, no Django.

Knows nothing of tickets, policies or pauses, never asks what time it is and never uses the time zone of the process.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

MIDNIGHT = "24:00"
LAST_YEAR = 9998  # so that the midnight after its last day still is a date
NEVER_OPEN = "the calendar has no opening within two years"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_SPARE = 2 * _DAY // _MICROSECOND
_TWO_YEARS = timedelta(days=731)
_LONGEST_CLOSURE = _TWO_YEARS // _MICROSECOND
_END_OF_DAY = time.max

TimeOfDay = time | str
Intervals = Sequence[tuple[time, time]]
Week = Mapping[int, Iterable[Sequence[TimeOfDay]]]


def _start_of(value: TimeOfDay) -> time:
    moment = time.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo:
        raise ValueError("opening hours are local times without a zone")
    return moment


def _end_of(value: TimeOfDay) -> time:
    return _END_OF_DAY if value == MIDNIGHT else _start_of(value)


def parse_intervals(raw: Iterable[Sequence[TimeOfDay]]) -> tuple[tuple[time, time], ...]:
    """One day's openings in order, touching ones joined. An end of 24:00 or `time.max` means midnight.

    Raises ValueError when an interval ends before it starts, when two overlap, or when a time carries a zone.
    """
    intervals = sorted((_start_of(start), _end_of(end)) for start, end in raw)
    joined: list[tuple[time, time]] = []
    for start, end in intervals:
        if end <= start:
            raise ValueError(f"the interval {start}–{end} ends before it starts")
        if joined and start < joined[-1][1]:
            raise ValueError(f"the interval {start}–{end} overlaps the one before it")
        if joined and start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _parse_week(week: Week) -> list[Intervals]:
    if unknown := set(week) - set(range(7)):
        raise ValueError(f"days of the week run from 0 (Monday) to 6, not {sorted(unknown)}")
    return [parse_intervals(week.get(day, ())) for day in range(7)]


def _microseconds(at: datetime) -> int:
    """Microseconds since 1970 in UTC. Raises ValueError for a naive time."""
    try:
        return (at - _EPOCH) // _MICROSECOND
    except TypeError as error:
        raise ValueError("a naive time has no place on the clock: attach a time zone") from error


class _Table:
    """All openings of a range of years, in microseconds, with the working time summed up before each of them."""

    def __init__(self, calendar: WorkingCalendar, first_year: int, last_year: int) -> None:
        self.first_year, self.last_year = first_year, last_year
        # A day to spare on each side: around New Year the local year differs from the one in UTC.
        self.covers_from = _microseconds(datetime(first_year, 1, 2, tzinfo=UTC))
        self.covers_to = _microseconds(datetime(last_year, 12, 30, tzinfo=UTC))
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []  # working time in earlier openings of the table
        self.days: list[int] = []  # ordinals of the dates with an opening
        total = 0
        for ordinal in range(date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            intervals = calendar.intervals_on(day)
            if intervals:
                self.days.append(ordinal)
            for start, end in intervals:
                opens, closes = calendar.instants(day, start, end)
                if closes <= opens:  # swallowed by a change of the clocks
                    continue
                self.starts.append(opens)
                self.ends.append(closes)
                self.before.append(total)
                total += closes - opens
        self.total = total

    def refuse_long_closure(self, first: int, last: int) -> None:
        """Raise ValueError when more than two years without an opening lie between the two instants."""
        if last - first <= _LONGEST_CLOSURE:
            return
        opened = bisect_right(self.ends, first)
        closed_since = first
        for opens, closes in zip(self.starts[opened:], self.ends[opened:], strict=True):
            if opens - closed_since > _LONGEST_CLOSURE:
                raise ValueError(NEVER_OPEN)
            if closes >= last:
                return
            closed_since = closes

    def worked_until(self, moment: int) -> int:
        """Working time between the start of the table and `moment`."""
        position = bisect_right(self.starts, moment) - 1
        if position < 0:
            return 0
        return self.before[position] + min(moment, self.ends[position]) - self.starts[position]


class WorkingCalendar:
    """Openings of a week and the dates that differ from it. See INTERFACES for the exact rules.

    `weekly`: 0 (Monday)…6 → [(start, end)] in local time; `overrides`: date → such a list, empty = closed;
    `later`: weeks that take the place of `weekly` from a date on, because office hours change but the past stays.
    All instants are aware; results are in the zone `tz`. Every method raises ValueError for a naive time, and for a
    calendar that has no opening within two years of where it looks.
    """

    def __init__(
        self,
        weekly: Week,
        overrides: Mapping[date, Iterable[Sequence[TimeOfDay]]],
        tz: tzinfo | str,
        later: Iterable[tuple[date, Week]] = (),
    ) -> None:
        weeks = sorted(later, key=lambda entry: entry[0])
        self._changes = [day for day, _ in weeks]
        self._weeks = [_parse_week(week) for week in (weekly, *(week for _, week in weeks))]
        self.overrides = {day: parse_intervals(intervals) for day, intervals in overrides.items()}
        self.tz = ZoneInfo(tz) if isinstance(tz, str) else tz
        self._ever_opens = any(any(week) for week in self._weeks) or any(self.overrides.values())
        self._table: _Table | None = None

    # --- what the calendar says about a date --------------------------------------------------------------------------

    def intervals_on(self, day: date) -> Intervals:
        """The openings of a local date, in order."""
        found = self.overrides.get(day)
        return self.usual_on(day) if found is None else found

    def usual_on(self, day: date) -> Intervals:
        """What the week that holds on a local date says about it, whatever is decreed for that very date."""
        return self.week_on(day)[day.weekday()]

    def week_on(self, day: date) -> list[Intervals]:
        """The openings from Monday to Sunday of the week that holds on a local date."""
        return self._weeks[bisect_right(self._changes, day)]

    def openings(self, day: date) -> list[tuple[datetime, datetime]]:
        """The openings of a local date as instants, in order."""
        instants = (self.instants(day, start, end) for start, end in self.intervals_on(day))
        return [(self._local(opens), self._local(closes)) for opens, closes in instants]

    def instants(self, day: date, start: time, end: time) -> tuple[int, int]:
        """An opening of a local date as microseconds since 1970."""
        opens = datetime.combine(day, start, self.tz)
        closes = (
            datetime.combine(day + _DAY, time.min, self.tz)
            if end == _END_OF_DAY
            else datetime.combine(day, end, self.tz)
        )
        return _microseconds(opens), _microseconds(closes)

    # --- questions ----------------------------------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether working time runs at `at`: opening included, closing excluded."""
        return self._is_open(_microseconds(at))

    def next_open(self, at: datetime) -> datetime:
        """`at` itself when open, else the next opening."""
        return self._local(self._next_open(_microseconds(at)))

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Working time from `a` to `b`. Raises ValueError when `b` is before `a`."""
        start, end = _microseconds(a), _microseconds(b)
        if end < start:
            raise ValueError("the end is before the start")
        self._refuse_if_never_open()
        table = self._table_for(start, end)
        return timedelta(microseconds=table.worked_until(end) - table.worked_until(start))

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time after `start` is used up; exactly at closing it stays there."""
        if amount <= timedelta(0):
            raise ValueError("the amount of working time must be positive")
        moment, wanted = _microseconds(start), amount // _MICROSECOND
        table = self._table_for(moment, moment)
        while table.total < (goal := table.worked_until(moment) + wanted):
            table = self._extend_forward(table)
        position = bisect_left(table.before, goal) - 1
        due = table.starts[position] + goal - table.before[position]
        table.refuse_long_closure(moment, due)
        return self._local(due)

    def add_days(self, start: datetime, days: int) -> datetime:
        """The same time of day, `days` working days on; received outside working time, counted from the next opening.

        On a day closed at that hour: the end of its last opening before that hour, else its first opening.
        """
        if days <= 0:
            raise ValueError("the number of working days must be positive")
        counted_from = self._local(self._next_open(_microseconds(start)))
        day = self._working_day_after(counted_from.date(), days)
        due, openings = counted_from.time(), self.intervals_on(day)
        if not any(opens <= due <= closes for opens, closes in openings):
            ended = [closes for _, closes in openings if closes < due]
            due = ended[-1] if ended else openings[0][0]
        return datetime.combine(day, due, self.tz)

    # --- the table ----------------------------------------------------------------------------------------------------

    def _local(self, moment: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=moment)).astimezone(self.tz)

    def _is_open(self, moment: int) -> bool:
        table = self._table_for(moment, moment)
        position = bisect_right(table.starts, moment) - 1
        return position >= 0 and moment < table.ends[position]

    def _next_open(self, moment: int) -> int:
        self._refuse_if_never_open()
        table = self._table_for(moment, moment + _LONGEST_CLOSURE)
        position = bisect_right(table.ends, moment)
        if position == len(table.starts) or table.starts[position] - moment > _LONGEST_CLOSURE:
            raise ValueError(NEVER_OPEN)
        return max(moment, table.starts[position])

    def _working_day_after(self, day: date, days: int) -> date:
        """The date `days` working days after the working day `day`."""
        table = self._table_for_years(day.year, day.year)
        while (position := bisect_left(table.days, day.toordinal()) + days) >= len(table.days):
            table = self._extend_forward(table)
        found = date.fromordinal(table.days[position])
        if found - day > _TWO_YEARS:
            table.refuse_long_closure(self._midnight(day + _DAY), self._midnight(found + _DAY))
        return found

    def _midnight(self, day: date) -> int:
        return _microseconds(datetime.combine(day, time.min, self.tz))

    def _table_for(self, first: int, last: int) -> _Table:
        """A table that covers both instants."""
        table = self._table
        if table is not None and table.covers_from <= first and last < table.covers_to:
            return table
        return self._table_for_years(self._local(first - _SPARE).year, self._local(last + _SPARE).year)

    def _table_for_years(self, first_year: int, last_year: int) -> _Table:
        table = self._table
        if table is None:
            table = self._table = _Table(self, first_year, last_year)
        elif first_year < table.first_year or last_year > table.last_year:
            table = self._table = _Table(self, min(first_year, table.first_year), max(last_year, table.last_year))
        return table

    def _extend_forward(self, table: _Table) -> _Table:
        """A table reaching further: twice as far, at least three years. Raises ValueError when nothing opens there."""
        years = max(3, table.last_year - table.first_year)
        longer = self._table_for_years(table.first_year, min(table.last_year + years, LAST_YEAR))
        if longer.total == table.total:
            raise ValueError(NEVER_OPEN)
        return longer

    def _refuse_if_never_open(self) -> None:
        if not self._ever_opens:
            raise ValueError(NEVER_OPEN)
