"""One promise as arithmetic: when is it due, what is left of it at an instant, and was it kept. Pure, no Django.

Applies the pauses it is given and nothing else; who may pause what, and where clocks are kept, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from inbox.sla.calendar import WorkingCalendar

Pause = tuple[datetime, datetime | None]
Span = tuple[datetime, datetime]
ZERO = timedelta(0)


class State(StrEnum):
    """Where a clock stands at an instant. `BREACHED`: past its due date, open or met too late."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A target of `count` working days: the same time of day, so many working days on."""

    count: int


def merge_pauses(pauses: Sequence[Pause], *, started_at: datetime, open_until: datetime | None) -> list[Span]:
    """The pauses in order, joined where they touch or overlap, clipped to what lies after `started_at`.

    A pause without an end is taken to end at `open_until`, and left out when that is None.
    Raises ValueError when a pause ends before it starts.
    """
    spans: list[Span] = []
    for begin, end in pauses:
        if end is not None and end < begin:
            raise ValueError("a pause ends before it starts")
        stop = open_until if end is None else end
        if stop is not None and stop > max(begin, started_at):
            spans.append((max(begin, started_at), stop))
    merged: list[Span] = []
    for begin, stop in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((begin, stop))
    return merged


@dataclass(frozen=True)
class Clock:
    """A target counted on a calendar from `started_at`. `met_at`: when the promise was kept, None while it is open.

    `target` and `extension` (approved extra time) are working time of `calendar`; use a calendar that never closes for
    targets round the clock. A pause moves the due date by the working time in it, unless it starts when the time was
    already used up. Raises ValueError, on use, for naive times and for a target that is not positive.
    """

    calendar: WorkingCalendar
    target: timedelta | WorkingDays
    started_at: datetime
    pauses: Sequence[Pause] = ()
    met_at: datetime | None = None
    extension: timedelta = ZERO

    @cached_property
    def due_at(self) -> datetime:
        """The last instant that is on time. A pause that is still open has not moved it yet."""
        return self._due(open_until=None)

    def due_if_resumed(self, at: datetime) -> datetime:
        """The last instant that would be on time if a pause that is still open ended at `at`."""
        return self._due(open_until=at)

    def state(self, at: datetime) -> State:
        """Where the clock stands at `at`. An act exactly at the due date is on time."""
        moment = self._moment(at)
        late = moment > self._due(open_until=moment)
        if late:
            return State.BREACHED
        if self.met_at is not None and self.met_at <= at:
            return State.MET
        if any(begin <= at and (end is None or at < end) for begin, end in self.pauses):
            return State.PAUSED
        return State.RUNNING

    def remaining(self, at: datetime) -> timedelta:
        """Working time left at `at`, or when the promise was kept; negative: working time too late, without pauses."""
        moment = max(self._moment(at), self.started_at)
        due = self._due(open_until=moment)
        if moment <= due:
            return self._counted(moment, due, open_until=moment)
        return -self._counted(due, moment, open_until=moment)

    def elapsed(self, at: datetime) -> timedelta:
        """Working time used at `at`, or when the promise was kept, without pauses."""
        moment = self._moment(at)
        if moment <= self.started_at:
            return ZERO
        return self._counted(self.started_at, moment, open_until=moment)

    def _moment(self, at: datetime) -> datetime:
        return at if self.met_at is None else min(at, self.met_at)

    def _due(self, *, open_until: datetime | None) -> datetime:
        if isinstance(self.target, WorkingDays):
            due = self.calendar.add_days(self.started_at, self.target.count)
        else:
            due = self.calendar.add(self.started_at, self.target)
        if self.extension:
            due = self.calendar.add(due, self.extension)
        for begin, end in self._merged(open_until):
            if begin >= due:
                break
            if paused := self.calendar.between(begin, end):
                due = self.calendar.add(due, paused)
        return due

    def _merged(self, open_until: datetime | None) -> list[Span]:
        return merge_pauses(self.pauses, started_at=self.started_at, open_until=open_until) if self.pauses else []

    def _counted(self, begin: datetime, end: datetime, *, open_until: datetime) -> timedelta:
        """Working time between two instants, without the pauses."""
        clipped = ((max(start, begin), min(stop, end)) for start, stop in self._merged(open_until))
        paused = sum((self.calendar.between(a, b) for a, b in clipped if a < b), ZERO)
        return self.calendar.between(begin, end) - paused
