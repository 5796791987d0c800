"""Due dates in working time, beside the bare arithmetic: one bisect on a table of opening times in UTC seconds."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from benchmarks import world
from inbox.sla.calendar import WorkingCalendar
from inbox.sla.queries import calendar_named

NUMBER = 100_000
AMOUNT = timedelta(hours=16)
FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def run() -> None:
    """Print due dates a second for working minutes across a year with holidays."""
    calendar = calendar_named()
    starts = [FIRST + timedelta(minutes=5 * number) for number in range(NUMBER)]
    calendar.add(starts[-1], AMOUNT)  # builds the tables
    bare = _bare(calendar)
    ours, reference = [], []
    for _ in range(3):
        ours.append(NUMBER / world.seconds(lambda: [calendar.add(start, AMOUNT) for start in starts]))
        reference.append(NUMBER / world.seconds(lambda: [bare(start) for start in starts]))
    assert all(bare(start) == calendar.add(start, AMOUNT) for start in starts[::997]), "the reference reckons the same"
    rate, limit = sorted(ours)[1], sorted(reference)[1]
    print("Due dates, 16 working hours from any minute of 2026 (a second, one core)")
    print(f"  calendar.add  {rate:10,.0f}   {rate / limit:5.2f} of a bare bisect ({limit:,.0f})\n")


def _bare(calendar: WorkingCalendar):  # type: ignore[no-untyped-def]
    """`add` with nothing around it: no checks, no time zones, instants as seconds."""
    spans = []
    day = FIRST.date() - timedelta(days=10)
    for _ in range(800):
        for begin, end in calendar.openings(day):
            spans.append((begin.timestamp(), end.timestamp()))
        day += timedelta(days=1)
    begins = [begin for begin, _ in spans]
    done = [0.0, *accumulate(end - begin for begin, end in spans)]
    amount = AMOUNT.total_seconds()

    def add(start: datetime) -> datetime:
        at = start.timestamp()
        index = bisect_right(begins, at) - 1
        begin, end = spans[index]
        worked = done[index] + min(max(at - begin, 0.0), end - begin)
        target = worked + amount
        index = bisect_right(done, target) - 1
        if done[index] == target:
            index -= 1
        return datetime.fromtimestamp(begins[index] + target - done[index], UTC)

    return add
