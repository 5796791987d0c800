"""Why a deadline is when it is: day by day, what was counted, what was paused, what was closed and for which reason.

Plain data for the ruler on the ticket page and for `explain_ticket`. Reads only; the words come from the doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import ZERO, Span, merge_pauses
from inbox.sla.models import ExtensionState, SlaClock
from inbox.sla.queries import (
    ROUND_THE_CLOCK,
    Calendars,
    clock_of,
    extension_requests,
    is_loaded,
    load_promises,
    pauses_of,
)
from inbox.tickets.models import Ticket

_DAY = timedelta(days=1)
USED, LEFT, PAUSED, OUT = "used", "left", "paused", "out"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an opening. `kind`: used, left, paused, or out (before the start or after the due date)."""

    kind: str
    begin: datetime
    end: datetime
    percent: float  # of its opening
    ends_now: bool
    ends_due: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One date between start and due date. `blocks`: its openings in order, each cut into segments."""

    date: date
    blocks: tuple[tuple[Segment, ...], ...]
    counted: timedelta
    paused: timedelta
    is_today: bool
    note: str  # why the calendar differs from the week on this date, "" when it does not
    to_be_confirmed: bool  # the date's legal basis still waits for confirmation

    @property
    def is_off(self) -> bool:
        """Nothing is worked on this date."""
        return not self.blocks


@dataclass(frozen=True, slots=True)
class Step:
    """A pause as it was taken, `end` None while it lasts."""

    begin: datetime
    end: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Extension:
    """More time that was given: who asked why, who gave it and when."""

    until: datetime
    asked_by: str
    reason: str
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """One promise. The `counted` times of its days add up to `total`.

    `changed_since`: the calendar was changed after the promise was kept or broken; the verdict stays, and so does
    `due_at`, but the days are shown as the calendar has them now.
    """

    kind: str
    round: int
    state: str
    policy_id: int
    policy: str
    policy_version: int
    policy_valid_from: date
    target_amount: int
    target_unit: str
    calendar: str
    calendar_slug: str
    extension: timedelta
    started_at: datetime
    due_at: datetime
    changed_since: bool
    met_at: datetime | None
    total: timedelta
    pauses: tuple[Step, ...]
    days: tuple[Day, ...]

    @property
    def is_round_the_clock(self) -> bool:
        return self.target_unit in ROUND_THE_CLOCK


@dataclass(frozen=True, slots=True)
class Explanation:
    """All promises for a ticket, newest round last. Empty: no policy holds for it. Extensions are of the answer."""

    clocks: tuple[ClockExplanation, ...]
    source_due_at: datetime | None
    extensions: tuple[Extension, ...] = ()


def explain(ticket: Ticket, *, at: datetime, calendars: Calendars | None = None) -> Explanation:
    """The deadlines of a ticket as they stand at `at`. A running pause is shown as if it ended at `at`.

    Costs one statement where the calendars are at hand; none where the promises are loaded too.
    """
    if not is_loaded(ticket):
        load_promises(ticket)
    rows = list(ticket.clocks.all())
    if not rows:
        return Explanation((), ticket.source_due_at)
    known = calendars or Calendars()
    clocks = tuple(explain_clock(row, known, at=at) for row in rows)
    return Explanation(clocks, ticket.source_due_at, tuple(_extensions(ticket)))


def _extensions(ticket: Ticket) -> Iterator[Extension]:
    for request in extension_requests(ticket):
        if request.state == ExtensionState.APPROVED and request.decided_by and request.decided_at:
            yield Extension(
                until=request.until,
                asked_by=request.asked_by.display_name,
                reason=request.reason,
                given_by=request.decided_by.display_name,
                given_at=request.decided_at,
            )


def explain_clock(row: SlaClock, calendars: Calendars, *, at: datetime) -> ClockExplanation:
    """One promise as it stands at `at`; no statement where it was loaded with its policy and pauses."""
    taken = pauses_of(row)
    clock = clock_of(row, taken, calendars)
    due = clock.due_if_resumed(at)
    pauses = merge_pauses(clock.pauses, started_at=row.started_at, open_until=at)
    ruler = _Ruler(clock.calendar, row.started_at, due, row.met_at or at, pauses)
    round_the_clock = row.target_unit in ROUND_THE_CLOCK
    days = tuple(
        ruler.day(day, ("", True) if round_the_clock else calendars.reason(row.calendar_id, day), today=at)
        for day in _dates(clock.calendar, row.started_at, due)
    )
    return ClockExplanation(
        kind=row.kind,
        round=row.round,
        state=row.state,
        policy_id=row.policy_id,
        policy=row.policy.name,
        policy_version=row.policy.version,
        policy_valid_from=row.policy.valid_from,
        target_amount=row.target_amount,
        target_unit=row.target_unit,
        calendar=calendars.names[row.calendar_id],
        calendar_slug=calendars.slugs[row.calendar_id],
        extension=row.extension,
        started_at=row.started_at,
        due_at=due if row.met_at is None else row.due_at,
        changed_since=row.met_at is not None and due != row.due_at,
        met_at=row.met_at,
        total=sum((day.counted for day in days), ZERO),
        pauses=tuple(Step(pause.from_at, pause.to_at, pause.reason) for pause in taken),
        days=days,
    )


def _dates(calendar: WorkingCalendar, start: datetime, due: datetime) -> Iterator[date]:
    day, last = start.astimezone(calendar.tz).date(), due.astimezone(calendar.tz).date()
    while day <= last:
        yield day
        day += _DAY


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Cuts openings where something changes: start, due date, pauses, and now (or when the promise was kept)."""

    calendar: WorkingCalendar
    start: datetime
    due: datetime
    now: datetime
    pauses: Sequence[Span]

    def day(self, day: date, reason: tuple[str, bool], *, today: datetime) -> Day:
        blocks = tuple(tuple(self._segments(begin, end)) for begin, end in self.calendar.openings(day))
        return Day(
            date=day,
            blocks=blocks,
            counted=_length(blocks, {USED, LEFT}),
            paused=_length(blocks, {PAUSED}),
            is_today=day == today.astimezone(self.calendar.tz).date(),
            note=reason[0],
            to_be_confirmed=not reason[1],
        )

    def _segments(self, begin: datetime, end: datetime) -> Iterator[Segment]:
        marks = [self.start, self.due, self.now, *(edge for pause in self.pauses for edge in pause)]
        edges = sorted({begin, end, *(mark for mark in marks if begin < mark < end)})
        for a, b in pairwise(edges):
            yield Segment(
                kind=self._kind(a, b),
                begin=a,
                end=b,
                percent=round(100 * ((b - a) / (end - begin)), 2),
                ends_now=b == self.now,
                ends_due=b == self.due,
            )

    def _kind(self, begin: datetime, end: datetime) -> str:
        if end <= self.start or begin >= self.due:
            return OUT
        if any(pause_begin <= begin and end <= pause_end for pause_begin, pause_end in self.pauses):
            return PAUSED
        return USED if end <= self.now else LEFT


def _length(blocks: Iterable[Iterable[Segment]], kinds: set[str]) -> timedelta:
    return sum((s.end - s.begin for block in blocks for s in block if s.kind in kinds), ZERO)
